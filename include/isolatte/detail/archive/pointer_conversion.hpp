// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_DETAIL_ARCHIVE_POINTER_CONVERSION_HPP
#define ISOLATTE_DETAIL_ARCHIVE_POINTER_CONVERSION_HPP

namespace isolatte::inline v0_1::detail {

// Two types may meet at run time only. The language tells whether one is a base of the other, and
// where: a handler for pointers to a base class catches pointers to a derived class. The language
// does not choose if the base is there twice; then the casts that Boost.Serialization has
// registered do.

template <class T>
void throw_pointer(void* object) {
  throw static_cast<T*>(object);
}

/// Converts a pointer to the object of some class into one to T.
/// @param thrower that class's throw_pointer
/// @param object the pointer, which may be null; unchanged if there is no conversion
/// @return whether there is one
template <class T>
bool catch_pointer(void (*thrower)(void* object), void*& object) {
  try {
    thrower(object);
  } catch (T* caught) {
    object = caught;
    return true;
  } catch (...) {
  }
  return false;
}

}  // namespace isolatte::inline v0_1::detail

#endif
