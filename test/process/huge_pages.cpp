// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "helpers.hpp"
#include "remembered.hpp"
#include "support/fail_calls.hpp"
#include "support/nothing_left.hpp"
#include "support/sanitizers.hpp"

#include <isolatte/call.hpp>
#include <isolatte/collapse_to_huge_pages.hpp>
#include <isolatte/exclude_from_children.hpp>
#include <isolatte/fork_server.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/test/unit_test.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <new>
#include <string>
#include <thread>

#include <sys/mman.h>
#include <unistd.h>

namespace huge_pages_test {

namespace asio = boost::asio;
using isolatte::call;
using isolatte::collapse_to_huge_pages;
using isolatte::fork_server;
using namespace isolatte::test;

constexpr std::size_t mebibyte = std::size_t{1} << 20;

/// The size of a huge page, or 0 if the system has none.
std::size_t huge_page() {
  static std::size_t const size = std::strtoul(
      read_file("/sys/kernel/mm/transparent_hugepage/hpage_pmd_size").c_str(), nullptr, 10);
  return size;
}

/// Whether the kernel gives huge pages to all memory by itself.
bool gives_huge_pages() {
  return read_file("/sys/kernel/mm/transparent_hugepage/enabled").find("[always]") !=
         std::string::npos;
}

/// Private memory without a file, aligned to huge pages.
class memory {
 public:
  explicit memory(std::size_t size) : size_{size + huge_page()} {
    void* const mapped =
        ::mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapped == MAP_FAILED) throw std::bad_alloc{};
    mapped_ = static_cast<char*>(mapped);
    auto const at = reinterpret_cast<std::uintptr_t>(mapped);
    data_ = mapped_ + (huge_page() - at % huge_page()) % huge_page();
    // Keeps the kernel from joining it with other mappings, and says nothing of huge pages: to
    // allow them would have the kernel move the memory by itself.
    ::madvise(mapped_, size_, MADV_DONTDUMP);
  }
  ~memory() { ::munmap(mapped_, size_); }
  memory(const memory&) = delete;
  memory& operator=(const memory&) = delete;

  char* data() const { return data_; }
  void use(std::size_t size) { std::memset(data_, 'x', size); }
  /// The bytes that are in huge pages, of the mapping that has this address.
  std::uint64_t huge() const {
    std::ifstream maps{"/proc/self/smaps"};
    bool inside = false;
    std::uint64_t sum = 0;
    for (std::string line; std::getline(maps, line);) {
      auto const dash = line.find('-');
      if (dash != line.npos && dash < line.find(' ') && line.find(':') > dash) {
        auto const begin = std::stoul(line, nullptr, 16);
        auto const end = std::stoul(line.substr(dash + 1), nullptr, 16);
        inside = begin < reinterpret_cast<std::uintptr_t>(mapped_) + size_ &&
                 end > reinterpret_cast<std::uintptr_t>(mapped_);
      } else if (inside && line.starts_with("AnonHugePages:")) {
        sum += std::stoul(line.substr(line.find(':') + 1)) * 1024;
      }
    }
    return sum;
  }

 private:
  std::size_t size_;
  char* mapped_ = nullptr;
  char* data_ = nullptr;
};

/// Whether this kernel moves memory when it is asked to, and not by itself.
bool can_collapse() {
  if (huge_page() == 0 || huge_page() > 32 * mebibyte || gives_huge_pages()) return false;
  return in_bare_process([] {
           memory probe{4 * huge_page()};
           probe.use(4 * huge_page());
           return std::to_string(::madvise(probe.data(), 4 * huge_page(), 25));
         }) == "0";
}

BOOST_FIXTURE_TEST_SUITE(huge_pages, nothing_left)

BOOST_AUTO_TEST_CASE(memory_in_use_is_moved_and_stays_what_it_is) {
  if (!can_collapse()) return;
  BOOST_TEST(in_bare_process([] {
               memory used{8 * huge_page()};
               used.use(8 * huge_page());
               // The kernel does not move a page that it is at work on.
               std::uint64_t moved = 0;
               for (int i = 0; i != 100 && used.huge() < 8 * huge_page(); ++i)
                 moved += collapse_to_huge_pages();
               for (std::size_t i = 0; i != 8 * huge_page(); ++i)
                 if (used.data()[i] != 'x') return std::string{"changed"};
               if (moved < 8 * huge_page()) return std::to_string(moved);
               if (used.huge() < 8 * huge_page()) return "in " + std::to_string(used.huge());
               return std::string{"all"};
             }) == "all");
}

BOOST_AUTO_TEST_CASE(memory_that_is_little_used_is_not_moved) {
  if (!can_collapse()) return;
  BOOST_TEST(in_bare_process([] {
               memory sparse{8 * huge_page()};
               for (int i = 0; i != 8; ++i)
                 std::memset(sparse.data() + static_cast<std::size_t>(i) * huge_page(), 'x',
                             huge_page() / 2);
               collapse_to_huge_pages();
               return std::to_string(sparse.huge());
             }) == "0");
}

template <class Prepare>
std::string bytes_moved_after(Prepare prepare) {
  return in_bare_process([&] {
    memory used{4 * huge_page()};
    used.use(4 * huge_page());
    prepare(used.data(), 4 * huge_page());
    collapse_to_huge_pages();
    return std::to_string(used.huge());
  });
}

BOOST_AUTO_TEST_CASE(memory_that_is_meant_for_other_things_is_not_moved) {
  if (!can_collapse()) return;
  BOOST_TEST(bytes_moved_after([](char* at, std::size_t size) {
               isolatte::exclude_from_children(at, size);
             }) == "0");
  BOOST_TEST(bytes_moved_after(
                 [](char* at, std::size_t size) { ::madvise(at, size, MADV_NOHUGEPAGE); }) == "0");
  BOOST_TEST(bytes_moved_after(
                 [](char* at, std::size_t size) { ::mprotect(at, size, PROT_NONE); }) == "0");
  BOOST_TEST(bytes_moved_after(
                 [](char* at, std::size_t size) { ::madvise(at, size, MADV_WIPEONFORK); }) == "0");
  // Memory that cannot be written to is state, too.
  BOOST_TEST(bytes_moved_after(
                 [](char* at, std::size_t size) { ::mprotect(at, size, PROT_READ); }) != "0");
}

// Such a page stands for the kernel's page of zeros, and moving it would need memory.
BOOST_AUTO_TEST_CASE(a_page_that_was_only_read_does_not_count) {
  if (!can_collapse()) return;
  BOOST_TEST(in_bare_process([] {
               memory table{64 * huge_page()};
               ::madvise(table.data(), 64 * huge_page(), MADV_NOHUGEPAGE);
               table.use(4 * huge_page());
               int sum = 0;
               for (std::size_t i = 0; i < 64 * huge_page(); i += 4096)
                 sum += static_cast<const volatile char*>(table.data())[i];
               ::madvise(table.data(), 64 * huge_page(), MADV_HUGEPAGE);
               auto const moved = collapse_to_huge_pages();
               return sum != 0 && moved < 32 * huge_page() ? "what is used" : "more";
             }) == "what is used");
}

BOOST_AUTO_TEST_CASE(a_kernel_that_refuses_costs_nothing) {
  fail_calls const refused{{.how = failure::mode::every, .entry = "madvise"}};
  BOOST_TEST(collapse_to_huge_pages() == 0u);
}

BOOST_AUTO_TEST_CASE(without_files_of_the_kernel_nothing_is_moved) {
  fail_calls const refused{{.how = failure::mode::every, .entry = "open"}};
  BOOST_TEST(collapse_to_huge_pages() == 0u);
}

BOOST_AUTO_TEST_CASE(without_one_of_these_files_nothing_is_lost) {
  if (huge_page() == 0 || huge_page() > 32 * mebibyte) return;
  unsigned nth = 1;
  for (bool injected = true; injected; ++nth) {
    BOOST_REQUIRE(nth < 100u);
    memory used{2 * huge_page()};
    used.use(2 * huge_page());
    {
      fail_calls const refused{{.nth = nth, .entry = "open"}};
      auto const moved = collapse_to_huge_pages();
      injected = refused.injected();
      if (injected) BOOST_TEST(moved == 0u);
    }
    BOOST_TEST(std::string(used.data(), 2 * huge_page()) == std::string(2 * huge_page(), 'x'));
  }
}

BOOST_AUTO_TEST_CASE(threads_go_on_and_fork_meanwhile) {
  if (!can_collapse() || with_tsan) return;
  BOOST_TEST(in_bare_process([] {
               memory used{16 * huge_page()};
               used.use(16 * huge_page());
               std::atomic<bool> over = false;
               std::thread writer{[&] {
                 while (!over)
                   for (std::size_t i = 0; i < 16 * huge_page(); i += 4096) used.data()[i] = 'x';
               }};
               std::thread forker{[&] {
                 while (!over) wait_for(bare_fork([] {}));
               }};
               std::thread mapper{[&] {
                 while (!over) {
                   memory comes_and_goes{2 * huge_page()};
                   comes_and_goes.use(2 * huge_page());
                 }
               }};
               for (int i = 0; i != 3; ++i) collapse_to_huge_pages();
               over = true;
               writer.join();
               forker.join();
               mapper.join();
               for (std::size_t i = 0; i != 16 * huge_page(); ++i)
                 if (used.data()[i] != 'x') return "changed";
               return "the same";
             }) == "the same");
}

memory* state = nullptr;

void make_state() {
  state = new memory{16 * huge_page()};
  state->use(16 * huge_page());
}

std::uint64_t huge_bytes_of(isolatte::fork_server_options opts) {
  asio::io_context context;
  fork_server server{context, std::move(opts)};
  remembered<char> done;
  server.async_fork(call([] { return state->data()[7]; }), done.handler());
  context.run();
  BOOST_TEST(done.what.value_or('?') == 'x', done.what);
  return server.stats().huge_bytes;
}

BOOST_AUTO_TEST_CASE(a_server_moves_what_it_has_preloaded) {
  if (!can_collapse()) return;
  BOOST_TEST(huge_bytes_of({.preload = make_state}) > 0u);
  BOOST_TEST(huge_bytes_of({.preload = make_state, .huge_pages = false}) == 0u);
}

BOOST_AUTO_TEST_CASE(a_server_does_not_copy_what_the_program_has) {
  if (!can_collapse()) return;
  memory of_program{64 * huge_page()};
  of_program.use(64 * huge_page());
  auto const moved = huge_bytes_of({.preload = make_state});
  BOOST_TEST(moved > 0u);
  BOOST_TEST(moved < 64 * huge_page());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace huge_pages_test
