// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_POSIX_CHILD_TEMPLATE_MAIN_HPP
#define ISOLATTE_LIB_POSIX_CHILD_TEMPLATE_MAIN_HPP

#include "posix/child/preload.hpp"
#include "posix/child_page.hpp"
#include "posix/code_image.hpp"

#include <isolatte/detail/task/child_task.hpp>
#include <isolatte/detail/task/remote_call.hpp>

#include <cstdint>
#include <type_traits>
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
  /// Tells the program of its number; null: there is no namer.
  child_page_data* page = nullptr;
};

/// The ends by which a template works.
struct template_ends {
  /// The template's end of its socket, which the child keeps.
  int socket = -1;
  /// The number that the leashes of its children get, or -1.
  int leash_number = -1;
  /// A template has one if its child_plan has a sandbox for its children.
  namer unconfined{};
};

/// Makes a template of a child.
class template_task final : public detail::child_task {
 public:
  /// In the program.
  explicit template_task(template_ends ends);
  void invoke() override;
  void encode(detail::byte_buffer&) const override {}

 private:
  template_ends const ends_;
  /// The code that is loaded, found out before the fork: in a copy of a program with threads the
  /// loader's lock may never be released.
  std::vector<code_segment> const code_;
};

/// Makes a seed of a child: a template whose only requests are those of preload_call().
class seed_task final : public detail::child_task {
 public:
  /// In the program.
  /// @param first what each template does that is made from the seed
  seed_task(int socket, preload_plan first);
  void invoke() override;
  void encode(detail::byte_buffer&) const override {}

 private:
  int const socket_;
  preload_plan const first_;
  std::vector<code_segment> const code_;
};

/// The arguments of a call that makes a template of a seed's child.
struct seeded_template {
  std::int32_t leash_number = -1;
  std::int32_t has_namer = 0;
};
static_assert(std::has_unique_object_representations_v<seeded_template>);

/// The call by which a seed makes a template, which preloads.
/// @param given the template's end of its socket; if it has a namer, that one's, and the file of
/// the namer's page
detail::remote_call preload_call(const seeded_template& what, std::vector<int> given);

}  // namespace isolatte::inline v0_1::posix

#endif
