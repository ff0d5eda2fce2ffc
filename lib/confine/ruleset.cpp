// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "confine/ruleset.hpp"

#include "posix/system_calls.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <iterator>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include <fcntl.h>
#include <unistd.h>

// The constants of Landlock stand here: the headers of an older system end at an older version, and
// the library serves every kernel with one binary.

namespace isolatte::inline v0_1::confine {

namespace {

using boost::system::error_code;
using paths = std::vector<std::filesystem::path>;

constexpr std::uint64_t bit(int number) noexcept { return std::uint64_t{1} << number; }

constexpr std::uint64_t execute_a_file = bit(0);
constexpr std::uint64_t write_to_file = bit(1);
constexpr std::uint64_t read_from_file = bit(2);
constexpr std::uint64_t read_directory = bit(3);
constexpr std::uint64_t remove_directory = bit(4);
constexpr std::uint64_t remove_file = bit(5);
constexpr std::uint64_t make_directory = bit(7);
constexpr std::uint64_t make_regular = bit(8);
constexpr std::uint64_t make_socket = bit(9);
constexpr std::uint64_t make_symlink = bit(12);
constexpr std::uint64_t refer = bit(13);
constexpr std::uint64_t truncate_file = bit(14);
constexpr std::uint64_t control_device = bit(15);

constexpr std::uint64_t bind_tcp = bit(0);
constexpr std::uint64_t connect_tcp = bit(1);
constexpr std::uint64_t scope_abstract_sockets = bit(0);
constexpr std::uint64_t scope_signals = bit(1);

constexpr std::uint64_t for_reading = read_from_file | read_directory;
constexpr std::uint64_t for_writing = for_reading | write_to_file | remove_directory | remove_file |
                                      make_directory | make_regular | make_symlink | refer |
                                      truncate_file;
constexpr std::uint64_t for_executing = for_reading | execute_a_file;
/// The rights that a file other than a directory can have.
constexpr std::uint64_t of_files =
    execute_a_file | write_to_file | read_from_file | truncate_file | control_device;

/// All that a version of Landlock knows about files.
constexpr std::uint64_t file_rights(int version) noexcept {
  constexpr int count[] = {0, 13, 14, 15, 15, 16};
  constexpr int newest = std::size(count) - 1;
  return bit(count[std::min(version, newest)]) - 1;
}

struct ruleset_attributes {
  std::uint64_t files = 0;
  std::uint64_t network = 0;
  std::uint64_t scoped = 0;
};

/// The kernel refuses a size whose members it does not know, if they are not 0.
constexpr std::size_t size_of_attributes(int version) noexcept {
  if (version >= landlock_with_signals) return sizeof(ruleset_attributes);
  return version >= landlock_with_tcp ? 16 : 8;
}

enum rule_type : int { path_beneath = 1, port = 2 };

struct path_rule {
  std::uint64_t allowed;
  std::int32_t parent;
} __attribute__((packed));

struct port_rule {
  std::uint64_t allowed;
  std::uint64_t number;
};

/// Whether an open file is below the folder of one process in /proc. A link such as /dev/stdin
/// leads there, too.
bool belongs_to_process(int fd) {
  std::string const link = "/proc/self/fd/" + std::to_string(fd);
  char target[64];
  ssize_t const size = ::readlink(link.c_str(), target, sizeof target);
  if (size <= 0) return false;
  std::string_view const path{target, static_cast<std::size_t>(size)};
  constexpr std::string_view prefix = "/proc/";
  return path.starts_with(prefix) && path.size() > prefix.size() && path[prefix.size()] >= '0' &&
         path[prefix.size()] <= '9';
}

class ruleset_maker {
 public:
  /// @param gaps takes a path of the sandbox that cannot be used
  ruleset_maker(const ruleset_scope& scope, int version, std::vector<std::string>& gaps,
                error_code& ec)
      : ec_{ec}, gaps_{gaps} {
    ruleset_attributes attributes;
    if (scope.files)
      attributes.files = file_rights(version);
    else if (scope.socket_files)
      attributes.files = make_socket;
    if (scope.tcp_ports && version >= landlock_with_tcp)
      attributes.network = bind_tcp | connect_tcp;
    if (version >= landlock_with_signals)
      attributes.scoped = scope_abstract_sockets | (scope.signals ? scope_signals : 0);
    files_ = attributes.files;
    network_ = attributes.network;
    ruleset_ = posix::descriptor{
        posix::sys.landlock_create_ruleset(&attributes, size_of_attributes(version), 0)};
    if (!ruleset_)
      ec = posix::last_error();
    else
      ruleset_ = posix::above_stdio(std::move(ruleset_), ec);
  }

  /// @param skips_missing a path that does not exist is no error
  void allow(const paths& all, std::uint64_t rights, bool skips_missing) {
    for (auto const& path : all) {
      if (ec_) return;
      posix::descriptor const file{
          posix::retry([&] { return posix::sys.open(path.c_str(), O_PATH | O_CLOEXEC, 0); })};
      if (file) {
        allow(file.get(), rights);
        if (ec_) gaps_.push_back("no path that a sandbox can allow: " + path.string());
        continue;
      }
      auto const error = posix::last_error();
      bool const missing = error.value() == ENOENT || error.value() == ENOTDIR;
      gaps_.push_back((missing ? "no such path: " : "no path that can be opened: ") +
                      path.string());
      if (!missing || !skips_missing) ec_ = error;
    }
  }

  void allow_ports(const std::vector<std::uint16_t>& all, std::uint64_t right) {
    if ((network_ & right) == 0) return;
    for (auto const number : all) {
      if (ec_) return;
      port_rule const rule{right, number};
      if (posix::sys.landlock_add_rule(ruleset_.get(), port, &rule) == -1)
        ec_ = posix::last_error();
    }
  }

  posix::descriptor take() && { return ec_ ? posix::descriptor{} : std::move(ruleset_); }

 private:
  void allow(int file, std::uint64_t rights) {
    struct stat status{};
    if (posix::sys.fstat(file, &status) == -1) {
      ec_ = posix::last_error();
      return;
    }
    if (belongs_to_process(file)) {
      ec_ = make_error_code(boost::system::errc::invalid_argument);
      return;
    }
    rights &= files_;
    // The kernel refuses a right that the file cannot have.
    if (!S_ISDIR(status.st_mode)) rights &= of_files;
    path_rule const rule{rights, file};
    if (posix::sys.landlock_add_rule(ruleset_.get(), path_beneath, &rule) == -1)
      ec_ = posix::last_error();
  }

  error_code& ec_;
  std::vector<std::string>& gaps_;
  posix::descriptor ruleset_;
  std::uint64_t files_ = 0;
  std::uint64_t network_ = 0;
};

}  // namespace

int landlock_version(error_code& ec) noexcept {
  constexpr unsigned ask_for_version = 1;
  int const version = posix::sys.landlock_create_ruleset(nullptr, 0, ask_for_version);
  if (version > 0) return version;
  ec = posix::last_error();
  return 0;
}

posix::descriptor make_ruleset(const sandbox& box, const ruleset_scope& scope, int version,
                               std::vector<std::string>& gaps, error_code& ec) {
  ruleset_maker maker{scope, version, gaps, ec};
  if (ec) return {};
  if (scope.files) {
    bool const skips_missing = box.enforce == enforcement::best_effort;
    maker.allow(box.read, for_reading, skips_missing);
    maker.allow(box.execute, for_executing, skips_missing);
    maker.allow(box.write, for_writing, false);
  }
  if (auto const* const ports = std::get_if<tcp>(&box.network); ports && scope.tcp_ports) {
    maker.allow_ports(ports->connect, connect_tcp);
    maker.allow_ports(ports->bind, bind_tcp);
  }
  return std::move(maker).take();
}

}  // namespace isolatte::inline v0_1::confine
