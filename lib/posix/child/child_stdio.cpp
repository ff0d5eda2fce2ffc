// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "posix/child/child_stdio.hpp"

#include <cstdio>
#include <iostream>

#if defined(__GLIBC__)
#include <stdio_ext.h>

// The list of all open streams: exported since glibc 2.2, declared in no header.
extern "C" {
typedef void* isolatte_io_iterator;
isolatte_io_iterator _IO_iter_begin(void) __attribute__((weak));
isolatte_io_iterator _IO_iter_end(void) __attribute__((weak));
isolatte_io_iterator _IO_iter_next(isolatte_io_iterator) __attribute__((weak));
FILE* _IO_iter_file(isolatte_io_iterator) __attribute__((weak));
}
#endif

#if defined(__GLIBCXX__)
#include <ext/stdio_filebuf.h>
#endif

// Not async-signal-safe: both take the locks of stdio's streams. glibc's fork() makes these free in
// the child. A child that becomes a program calls neither.

namespace isolatte::inline v0_1::posix {

namespace {

void discard_output(FILE* stream) noexcept {
#if defined(__GLIBC__)
  if (__fwriting(stream) != 0 && __fpending(stream) != 0) __fpurge(stream);
#else
  (void)stream;
#endif
}

void discard_all_output() noexcept {
#if defined(__GLIBC__)
  if (_IO_iter_begin != nullptr && _IO_iter_end != nullptr && _IO_iter_next != nullptr &&
      _IO_iter_file != nullptr) {
    for (auto i = _IO_iter_begin(); i != _IO_iter_end(); i = _IO_iter_next(i))
      discard_output(_IO_iter_file(i));
    return;
  }
#endif
  discard_output(stdout);
  discard_output(stderr);
}

#if defined(__GLIBCXX__)

/// The stream's own buffer. A standard stream has one only after sync_with_stdio(false).
template <class Stream>
std::filebuf* own_buffer(Stream& stream) noexcept {
  return dynamic_cast<__gnu_cxx::stdio_filebuf<char>*>(stream.rdbuf());
}

/// Drops what a buffer holds. std::basic_filebuf lets derived classes alone do that.
struct filebuf_access : std::filebuf {
  static void discard_output(std::filebuf& buffer) {
    (buffer.*&filebuf_access::setp)((buffer.*&filebuf_access::pbase)(),
                                    (buffer.*&filebuf_access::epptr)());
  }
  static void discard_input(std::filebuf& buffer) {
    char* const end = (buffer.*&filebuf_access::egptr)();
    (buffer.*&filebuf_access::setg)((buffer.*&filebuf_access::eback)(), end, end);
  }
};

#endif

}  // namespace

void discard_parents_buffers(bool new_input) noexcept {
  discard_all_output();
#if defined(__GLIBCXX__)
  for (std::ostream* const stream : {&std::cout, &std::clog, &std::cerr})
    if (auto* const buffer = own_buffer(*stream)) filebuf_access::discard_output(*buffer);
#endif
  if (!new_input) return;
#if defined(__GLIBC__)
  __fpurge(stdin);
#endif
  std::clearerr(stdin);
#if defined(__GLIBCXX__)
  if (auto* const buffer = own_buffer(std::cin)) filebuf_access::discard_input(*buffer);
#endif
  std::cin.clear();
}

void flush_buffers() noexcept {
  try {
    std::cout.flush();
    std::clog.flush();
  } catch (...) {
    // A stream that the callable made throw has failed. Its state tells that.
  }
  std::fflush(nullptr);
}

}  // namespace isolatte::inline v0_1::posix
