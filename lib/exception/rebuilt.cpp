// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "exception/rebuilt.hpp"

#include "exception/faces.hpp"

#include <optional>

namespace isolatte::inline v0_1::detail {

template <unsigned Form>
exception_parts<Form>::exception_parts(exception_extras& extras) noexcept
    : part_if<Form, exception_form::remote,
              std::conditional_t<(Form & exception_form::standard) != 0, remote_standard_part,
                                 remote_part>>(extras),
      part_if<Form, exception_form::boost, boost_part>(extras),
      part_if<Form, exception_form::nested, nested_part>(extras) {
  extras.made = true;
}

template <unsigned Form>
exception_parts<Form>::~exception_parts() = default;

template struct exception_parts<1>;
template struct exception_parts<2>;
template struct exception_parts<3>;
template struct exception_parts<4>;
template struct exception_parts<5>;
template struct exception_parts<6>;
template struct exception_parts<7>;
template struct exception_parts<exception_form::standard | 1>;
template struct exception_parts<exception_form::standard | 3>;
template struct exception_parts<exception_form::standard | 5>;
template struct exception_parts<exception_form::standard | 7>;

namespace {

unsigned form_of(const exception_plan& plan) noexcept {
  return (plan.remote ? exception_form::remote : 0u) |
         (plan.with_boost ? exception_form::boost : 0u) |
         (plan.with_nested ? exception_form::nested : 0u);
}

/// Throws the parts alone: there is no T.
template <unsigned Form>
[[gnu::cold]] void throw_parts(void*, exception_extras& extras) {
  using parts = exception_parts<exception_form::standard | Form>;
  throw parts(extras);
}

/// Holds what a boost::exception part is copied from.
struct boost_contents : boost::exception {
  explicit boost_contents(const exception_plan& plan) { plan.restore(*this); }
};

}  // namespace

std::exception_ptr assemble(void* object, const exception_throwers& throwers,
                            const exception_plan& plan) {
  exception_thrower const thrower = throwers.of_form[form_of(plan)];
  if (!thrower) return nullptr;
  exception_extras extras;
  if (plan.remote) extras.details = plan.details();
  std::optional<boost_contents> boost;
  if (plan.with_boost) extras.boost = &boost.emplace(plan);
  std::exception_ptr made;
  try {
    thrower(object, extras);
  } catch (...) {
    // A constructor may have thrown another exception. An object without parts does not set `made`.
    auto const* const type = current_exception_type();
    bool const is_object = extras.made || (throwers.type && (!type || *type == *throwers.type));
    if (!is_object) throw;
    made = std::current_exception();
  }
  return made;
}

std::exception_ptr assemble_remote(const exception_plan& plan) {
  static constexpr exception_throwers parts{nullptr,
                                            {nullptr, &throw_parts<1>, nullptr, &throw_parts<3>,
                                             nullptr, &throw_parts<5>, nullptr, &throw_parts<7>}};
  return assemble(nullptr, parts, plan);
}

}  // namespace isolatte::inline v0_1::detail
