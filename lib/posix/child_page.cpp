// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "posix/child_page.hpp"

#include "posix/page_slabs.hpp"
#include "posix/spare_memory.hpp"

#include <algorithm>
#include <new>

#include <signal.h>

namespace isolatte::inline v0_1::posix {

namespace {

/// SYS_SECCOMP.
constexpr int by_filter = 1;

}  // namespace

const char* to_string(setup_step step) noexcept {
  switch (step) {
    case setup_step::page: return "keeping its report from its own children";
    case setup_step::process_group: return "setting the process group";
    case setup_step::standard_streams: return "setting up the standard streams";
    case setup_step::closing_descriptors: return "closing inherited descriptors";
    case setup_step::signals: return "resetting signals";
    case setup_step::leash: return "arming the death of the child with its parent";
    case setup_step::limits: return "setting resource limits";
    case setup_step::credentials: return "taking on the program's users, groups and capabilities";
    case setup_step::fault_report: return "installing the fault report";
    case setup_step::exit_hook: return "installing the exit hook";
    case setup_step::conversation: return "preparing the conversation with the program";
    case setup_step::start_dir: return "changing to the start directory";
    case setup_step::exec: return "executing the program";
    case setup_step::request: return "reading what the child is to run";
    case setup_step::unknown_function: return "looking for the function in the child";
    case setup_step::one_thread: return "entering the sandbox with one thread";
    case setup_step::no_operations:
      return "entering the sandbox with no operation of isolatte left";
    case setup_step::shared_memory: return "unmapping shared memory for the sandbox";
    case setup_step::namespaces: return "entering the sandbox's namespaces";
    case setup_step::capabilities: return "dropping capabilities for the sandbox";
    case setup_step::privileges: return "giving up new privileges for the sandbox";
    case setup_step::file_access: return "restricting the sandbox's access to files";
    case setup_step::system_calls: return "restricting the sandbox's system calls";
    case setup_step::none: break;
  }
  return "preparing the child";
}

child_page child_page::make(boost::system::error_code& ec) noexcept {
  return child_page{shared_page<child_page_data>::make(ec)};
}

child_page child_page::make_in_slab(boost::system::error_code& ec) noexcept {
  return child_page{shared_page<child_page_data>::make_in_slab(ec)};
}

void child_page::make_ahead() const noexcept {
  if (data_.is_in_slab())
    prepare_slab_page();
  else
    replace_spare_memory(sizeof(child_page_data));
}

child_page child_page::make_file(descriptor& file, boost::system::error_code& ec) noexcept {
  return child_page{shared_page<child_page_data>::make_file(file, ec)};
}

child_page child_page::of_file(int fd, boost::system::error_code& ec) noexcept {
  return child_page{shared_page<child_page_data>::of_file(fd, ec)};
}

int child_page::pid() const noexcept { return data_ ? std::max(data_->pid.load(), 0) : 0; }

logic::child_stage child_page::stage() const noexcept {
  return data_ ? data_->stage.load() : logic::child_stage::setup;
}

setup_step child_page::failed_step() const noexcept {
  return data_ ? data_->step.load() : setup_step::none;
}

int child_page::setup_error() const noexcept { return data_ ? data_->error.load() : 0; }

std::optional<fault_record> child_page::fault() const noexcept {
  if (!data_ || data_->fault.load() == fault_state::none) return std::nullopt;
  fault_record record;
  record.signal = data_->signal.load();
  record.code = data_->code.load();
  record.address = data_->address.load();
  if (record.signal == SIGSYS && record.code == by_filter)
    record.system_call = data_->system_call.load();
  record.stack_overflow = data_->stack_overflow.load() != 0;
  std::size_t const count =
      std::min<std::size_t>(data_->frame_count.load(), child_page_data::max_frames);
  try {
    record.frames.reserve(count);
    for (std::size_t i = 0; i != count; ++i) record.frames.push_back(data_->frames[i].load());
  } catch (const std::bad_alloc&) {
    // The fault is told without its frames.
  }
  return record;
}

}  // namespace isolatte::inline v0_1::posix
