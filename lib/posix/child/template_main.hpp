// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_POSIX_CHILD_TEMPLATE_MAIN_HPP
#define ISOLATTE_LIB_POSIX_CHILD_TEMPLATE_MAIN_HPP

#include "posix/code_address.hpp"

#include <isolatte/detail/task/child_task.hpp>

#include <vector>

namespace isolatte::inline v0_1::posix {

/// Makes a child of this process's parent for every request, until the other end of the socket is
/// closed. A template never calls anything of the user's itself.
void template_main(int socket);

/// Makes a template of a child.
class template_task final : public detail::child_task {
 public:
  /// In the program.
  /// @param socket the template's end, which the child keeps
  explicit template_task(int socket);
  void invoke() override;
  void encode(detail::byte_buffer&) const override {}
  void release() noexcept override {}

 private:
  int socket_;
  /// The code that is loaded, found out before the fork: in a copy of a program with threads the
  /// loader's lock may never be released.
  std::vector<code_segment> const code_;
};

}  // namespace isolatte::inline v0_1::posix

#endif
