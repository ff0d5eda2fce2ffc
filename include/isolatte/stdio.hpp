// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_STDIO_HPP
#define ISOLATTE_STDIO_HPP

#include <isolatte/config.hpp>

#include <concepts>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

namespace isolatte::inline v0_1 {

/// The type of @ref discard.
struct discard_t {};

/// The type of @ref inherit.
struct inherit_t {};

/// The null device: nothing to read, and what is written is lost. No such device needs to exist.
inline constexpr discard_t discard{};

/// The stream of the same number that the program itself has; the null device if the program has
/// none, or if an event loop of the program's has opened a descriptor of its own there.
inline constexpr inherit_t inherit{};

/// The child reads a file, opened before the child is created.
struct from_file {
  /// The file.
  std::filesystem::path path;
};

/// The child reads a descriptor of the program. The descriptor must stay open until the initiating
/// function has returned.
struct from_fd {
  /// The descriptor.
  int fd = -1;
};

/// The child reads this text, then end-of-file. The child may leave any part of it unread.
struct from_text {
  /// All that the child will read.
  std::string text;
};

/// The child writes a file, created if it is missing (mode 0666 less the umask) and opened before
/// the child is created. Standard output and error that name the same file share one open file.
struct to_file {
  /// The file.
  std::filesystem::path path;
  /// Whether to write after what the file holds; otherwise the file is truncated first.
  bool append = false;
};

/// The child writes a descriptor of the program. The descriptor must stay open until the initiating
/// function has returned.
struct to_fd {
  /// The descriptor.
  int fd = -1;
};

/// The last bytes that the child writes land in the outcome.
struct capture {
  /// How many bytes are kept; earlier ones are read and dropped, and a flag in the outcome says so.
  /// If there is no memory for as many, fewer are kept.
  std::size_t limit = 64 * 1024;
};

/// A callable is given every line that the child writes, without its newline.
///
/// The callable runs on the operation's executor, one line at a time and in order. The lines of all
/// children of one map come one at a time, too. Separate operations that share one callable may
/// call it at the same time if several threads run the event loop. A last line without newline
/// counts; a line is cut at 64 KiB and the rest comes as the next. An exception of the callable
/// leaves the event loop's `run()` (or `fork`), as from any handler; the operation goes on when the
/// loop does.
class by_line {
 public:
  /// Wraps a callable.
  /// @param callable takes a `std::string_view`, valid during the call, or a `std::string`; may be
  /// move-only
  /// @par Exception safety
  /// Strong guarantee: `std::bad_alloc`, and what moving the callable throws.
  template <class F>
    requires(!std::same_as<std::remove_cvref_t<F>, by_line> &&
             (std::invocable<std::decay_t<F>&, std::string_view> ||
              std::invocable<std::decay_t<F>&, std::string>))
  by_line(F&& callable)
      : function_{[f = std::make_shared<std::decay_t<F>>(std::forward<F>(callable))](
                      std::string_view line) {
          if constexpr (std::invocable<std::decay_t<F>&, std::string_view>)
            (*f)(line);
          else
            (*f)(std::string{line});
        }} {}

  /// Calls the callable with one line.
  /// @param line the line, without its newline
  /// @par Exception safety
  /// Lets through what the callable throws.
  void operator()(std::string_view line) const { function_(line); }

 private:
  std::function<void(std::string_view)> function_;
};

/// The source of a child's standard input.
using source = std::variant<discard_t, inherit_t, from_file, from_fd, from_text>;

/// The destination of a child's standard output or error. With every sink, a child that writes more
/// than is read or kept neither blocks without end nor harms the result.
using sink = std::variant<discard_t, inherit_t, to_file, to_fd, capture, by_line>;

}  // namespace isolatte::inline v0_1

#endif
