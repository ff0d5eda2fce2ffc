// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_POSIX_CHILD_TEMPLATE_MAIN_HPP
#define ISOLATTE_LIB_POSIX_CHILD_TEMPLATE_MAIN_HPP

#include "posix/child/preload.hpp"
#include "posix/child_page.hpp"
#include "posix/code_address.hpp"

#include <isolatte/detail/task/child_task.hpp>

#include <vector>

namespace isolatte::inline v0_1::posix {

/// Makes a child of this process's parent for every request, until the other end of the socket is
/// closed. Calls nothing of the user's.
void template_main(int socket);

/// A second template, which is made by a template that enters a sandbox, before it does. The
/// second one can still open the files that the names of frames are read from, and has the same
/// addresses.
struct namer {
  /// Its end of its socket, which the template keeps.
  int socket = -1;
  /// Tells the program of its number.
  child_page_data* page = nullptr;
};

/// Makes a template of a child.
class template_task final : public detail::child_task {
 public:
  /// In the program.
  /// @param socket the template's end, which the child keeps
  /// @param first what the template does before it stands ready; the call outlives the task
  /// @param unconfined of a template whose child_plan has a sandbox for its children
  explicit template_task(int socket, preload_plan first = {}, namer unconfined = {});
  void invoke() override;
  void encode(detail::byte_buffer&) const override {}
  void release() noexcept override {}

 private:
  preload_result run_preload();
  void make_namer();

  int socket_;
  preload_plan first_;
  namer namer_;
  /// The code that is loaded, found out before the fork: in a copy of a program with threads the
  /// loader's lock may never be released.
  std::vector<code_segment> const code_;
};

}  // namespace isolatte::inline v0_1::posix

#endif
