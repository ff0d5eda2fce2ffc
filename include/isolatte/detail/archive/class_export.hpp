// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_DETAIL_ARCHIVE_CLASS_EXPORT_HPP
#define ISOLATTE_DETAIL_ARCHIVE_CLASS_EXPORT_HPP

#include <isolatte/config.hpp>
#include <isolatte/detail/archive/object_class.hpp>

#include <type_traits>

namespace isolatte::inline v0_1::detail {

/// Registers a class that BOOST_CLASS_EXPORT names, until its library is unloaded.
class exported_class {
 public:
  ISOLATTE_DECL explicit exported_class(const heap_class& objects);
  exported_class(const exported_class&) = delete;
  exported_class& operator=(const exported_class&) = delete;
  ISOLATTE_DECL ~exported_class();

 private:
  const heap_class& objects_;
};

template <class T>
struct class_export {
  static inline const exported_class once{heap_class_of<T>};
};

template <void (*)()>
struct named_function;

}  // namespace isolatte::inline v0_1::detail

/// BOOST_CLASS_EXPORT instantiates this class. The alias names the function, so the compiler
/// compiles it, and with it the registration that the function names.
template <class T>
struct boost::archive::detail::ptr_serialization_support<isolatte::detail::output_archive, T> {
  [[gnu::used]] static void instantiate() {
    if constexpr (!std::is_abstract_v<T>) {
      static_cast<void>(&isolatte::detail::class_export<T>::once);
      static_cast<void>(&isolatte::detail::by_pointer_from_the_start<T>);
    }
  }
  using type = isolatte::detail::named_function<&ptr_serialization_support::instantiate>;
};

// One of the two archives stands for both.
BOOST_SERIALIZATION_REGISTER_ARCHIVE(isolatte::detail::output_archive)

#endif
