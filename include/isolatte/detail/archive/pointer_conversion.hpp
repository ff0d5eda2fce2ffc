// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_DETAIL_ARCHIVE_POINTER_CONVERSION_HPP
#define ISOLATTE_DETAIL_ARCHIVE_POINTER_CONVERSION_HPP

namespace isolatte::detail {

// Whether one type is a base of another, asked of the language itself where the two meet only at
// run time: a handler of pointers to a base catches pointers to what is derived from it.

template <class T>
void throw_null_pointer() {
  throw static_cast<T*>(nullptr);
}

/// @param thrower some type's throw_null_pointer
/// @return whether that type's pointers are converted to those to T
template <class T>
bool catches_pointer(void (*thrower)()) {
  try {
    thrower();
  } catch (T*) {
    return true;
  } catch (...) {
  }
  return false;
}

}  // namespace isolatte::detail

#endif
