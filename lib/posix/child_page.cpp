// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "posix/child_page.hpp"

#include "posix/descriptor.hpp"
#include "posix/system_calls.hpp"

#include <algorithm>
#include <new>

#include <sys/mman.h>

namespace isolatte::posix {

const char* to_string(setup_step step) noexcept {
  switch (step) {
    case setup_step::process_group: return "setting the process group";
    case setup_step::standard_streams: return "setting up the standard streams";
    case setup_step::closing_descriptors: return "closing inherited descriptors";
    case setup_step::signals: return "resetting signals";
    case setup_step::leash: return "arming the death of the child with its parent";
    case setup_step::limits: return "setting resource limits";
    case setup_step::fault_report: return "installing the fault report";
    case setup_step::exit_hook: return "installing the exit hook";
    case setup_step::start_dir: return "changing to the start directory";
    case setup_step::exec: return "executing the program";
    case setup_step::request: return "reading what the child is to run";
    case setup_step::unknown_function: return "looking for the function in the child";
    case setup_step::none: break;
  }
  return "preparing the child";
}

child_page child_page::make(boost::system::error_code& ec) noexcept {
  void* const memory = sys.mmap(sizeof(child_page_data));
  child_page page;
  if (memory == MAP_FAILED)
    ec = last_error();
  else
    page.data_ = new (memory) child_page_data{};
  return page;
}

child_page child_page::make_file(descriptor& file, boost::system::error_code& ec) noexcept {
  file = descriptor{retry([&] { return sys.temporary_file(); })};
  if (file) file = above_stdio(std::move(file), ec);
  if (ec) return {};
  if (!file || retry([&] { return sys.ftruncate(file.get(), sizeof(child_page_data)); }) == -1) {
    ec = last_error();
    return {};
  }
  child_page page = of_file(file.get(), ec);
  if (!ec) new (page.data_) child_page_data{};
  return page;
}

child_page child_page::of_file(int fd, boost::system::error_code& ec) noexcept {
  void* const memory = sys.map_file(sizeof(child_page_data), PROT_READ | PROT_WRITE, fd);
  child_page page;
  if (memory == MAP_FAILED)
    ec = last_error();
  else
    page.data_ = static_cast<child_page_data*>(memory);
  return page;
}

child_page::~child_page() {
  if (data_) sys.munmap(data_, sizeof(child_page_data));
}

void child_page::hide_from_later_children() const noexcept {
#ifdef MADV_DONTFORK
  // Should this fail, a later child could lie about this one's progress, and of nothing else.
  sys.madvise(data_, sizeof(child_page_data), MADV_DONTFORK);
#endif
}

int child_page::pid() const noexcept { return data_ ? std::max(data_->pid.load(), 0) : 0; }

logic::child_stage child_page::stage() const noexcept {
  return data_ ? data_->stage.load() : logic::child_stage::setup;
}

setup_step child_page::failed_step() const noexcept {
  return data_ ? data_->step.load() : setup_step::none;
}

int child_page::setup_error() const noexcept { return data_ ? data_->error.load() : 0; }

std::optional<fault_record> child_page::fault() const {
  if (!data_ || data_->fault.load() == fault_state::none) return std::nullopt;
  fault_record record;
  record.signal = data_->signal.load();
  record.code = data_->code.load();
  record.address = data_->address.load();
  std::size_t const count =
      std::min<std::size_t>(data_->frame_count.load(), child_page_data::max_frames);
  for (std::size_t i = 0; i != count; ++i) record.frames.push_back(data_->frames[i].load());
  return record;
}

}  // namespace isolatte::posix
