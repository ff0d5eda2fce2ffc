// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "posix/child/child_stdio.hpp"

#include <cstdio>
#include <fstream>
#include <iostream>
#include <typeinfo>

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
#include <ext/stdio_sync_filebuf.h>
#endif

// Not async-signal-safe: both call stdio, and flush_buffers() may call a stream buffer of the
// user's. A child that becomes a program calls neither.
//
// At a child's end another thread of the child may hold any lock without end: that of a stream
// that it reads from, or that of the list of streams. fflush(nullptr) would wait for these. So the
// list is read without its lock, as exit() in glibc 2.36 reads it, and each stream's lock is tried.
//
// Both run in each child, and a page that is written there is copied. So nothing is written that is
// as it should be already.

namespace isolatte::inline v0_1::posix {

namespace {

// The streams of C

std::FILE* file_of(int fd) noexcept { return fd == 0 ? stdin : fd == 1 ? stdout : stderr; }

/// Calls the function with every open stream.
/// @return false if the C library does not tell which streams are open; the function has not been
/// called then
template <class Function>
bool for_each_file([[maybe_unused]] Function function) noexcept {
#if defined(__GLIBC__)
  if (_IO_iter_begin != nullptr && _IO_iter_end != nullptr && _IO_iter_next != nullptr &&
      _IO_iter_file != nullptr) {
    for (auto i = _IO_iter_begin(); i != _IO_iter_end(); i = _IO_iter_next(i))
      function(_IO_iter_file(i));
    return true;
  }
#endif
  return false;
}

/// Whether the stream holds output that has not been written, as far as the C library tells.
bool may_have_output([[maybe_unused]] std::FILE* stream) noexcept {
#if defined(__GLIBC__)
  // A stream of bytes is asked without a call: each child would have that code mapped.
  if (stream->_mode <= 0) return stream->_IO_write_ptr != stream->_IO_write_base;
  return __fwriting(stream) != 0 && __fpending(stream) != 0;
#else
  return true;
#endif
}

void discard_output([[maybe_unused]] std::FILE* stream) noexcept {
#if defined(__GLIBC__)
  if (may_have_output(stream)) __fpurge(stream);
#endif
}

/// Holds the lock of a stream that no other thread holds.
class try_lock {
 public:
  explicit try_lock(std::FILE* stream) noexcept
      : stream_{::ftrylockfile(stream) == 0 ? stream : nullptr} {}
  try_lock(const try_lock&) = delete;
  try_lock& operator=(const try_lock&) = delete;
  ~try_lock() {
    if (stream_) ::funlockfile(stream_);
  }
  explicit operator bool() const noexcept { return stream_ != nullptr; }

 private:
  std::FILE* stream_;
};

void flush(std::FILE* stream) noexcept {
  if (!may_have_output(stream)) return;
  if (try_lock const locked{stream}) std::fflush(stream);
}

void flush_files() noexcept {
  if (for_each_file([](std::FILE* stream) { flush(stream); })) return;
  try_lock const in{stdin};
  try_lock const out{stdout};
  try_lock const err{stderr};
  if (in && out && err) {
    std::fflush(nullptr);
    return;
  }
  if (out) std::fflush(stdout);
  if (err) std::fflush(stderr);
}

/// Drops what the stream has read, and forgets what it has met in the file.
void begin_anew(std::FILE* stream) noexcept {
#if defined(__GLIBC__)
  // _IO_save_base: characters have been put back. A wide stream has its characters elsewhere.
  bool const has_input = stream->_IO_read_ptr != stream->_IO_read_end ||
                         stream->_IO_save_base != nullptr || stream->_mode > 0;
  if (stream == stdin && has_input) __fpurge(stream);
  if (::ferror_unlocked(stream) == 0 && ::feof_unlocked(stream) == 0) return;
#endif
  std::clearerr(stream);
}

// The streams of C++

/// Whether the stream has no content of its own, since its buffer hands all on to a stream of C.
template <class Char>
bool is_forwarded([[maybe_unused]] const std::basic_streambuf<Char>& buffer) noexcept {
#if defined(__GLIBCXX__)
  return typeid(buffer) == typeid(__gnu_cxx::stdio_sync_filebuf<Char>);
#else
  return false;
#endif
}

/// Calls the function with every standard stream of C++, and with the number of its descriptor.
template <class Function>
void for_each_stream(Function function) {
  function(std::cin, 0);
  function(std::wcin, 0);
  function(std::cout, 1);
  function(std::wcout, 1);
  function(std::cerr, 2);
  function(std::clog, 2);
  function(std::wcerr, 2);
  function(std::wclog, 2);
}

/// The stream's buffer, if it is of a kind whose content can be dropped. A standard stream has such
/// a buffer after sync_with_stdio(false), or if the user gave it that of a file stream.
template <class Char>
std::basic_filebuf<Char>* file_buffer(std::basic_ios<Char>& stream) noexcept {
  auto* const buffer = stream.rdbuf();
  if (buffer == nullptr || is_forwarded(*buffer)) return nullptr;
  return dynamic_cast<std::basic_filebuf<Char>*>(buffer);
}

/// Drops what a buffer holds. std::basic_filebuf lets derived classes alone do that.
template <class Char>
struct buffer_access : std::basic_filebuf<Char> {
  using buffer = std::basic_filebuf<Char>;

  static void discard_output(buffer& from) {
    if ((from.*&buffer_access::pptr)() == (from.*&buffer_access::pbase)()) return;
    (from.*&buffer_access::setp)((from.*&buffer_access::pbase)(), (from.*&buffer_access::epptr)());
  }
#if defined(__GLIBCXX__)
  /// Puts the buffer into the state of one that has neither read nor written.
  static void discard_input(buffer& from) {
    (from.*&buffer_access::_M_destroy_pback)();
    from.*& buffer_access::_M_ext_next = from.*& buffer_access::_M_ext_end =
                                             from.*&buffer_access::_M_ext_buf;
    from.*& buffer_access::_M_state_cur = from.*&buffer_access::_M_state_beg;
    from.*& buffer_access::_M_reading = false;
    (from.*&buffer_access::_M_set_buffer)(-1);
  }
#endif
};

/// Forgets what the stream has met in the file that is not the child's.
template <class Char>
void begin_anew(std::basic_ios<Char>& stream, [[maybe_unused]] bool is_input) {
  // Without a buffer the stream stays bad, and clear() may throw.
  if (stream.rdbuf() == nullptr) return;
  if (!stream.good()) stream.clear();
#if defined(__GLIBCXX__)
  // Another kind of buffer reads another file than standard input.
  if (!is_input || is_forwarded(*stream.rdbuf())) return;
  if (auto* const own = dynamic_cast<__gnu_cxx::stdio_filebuf<Char>*>(stream.rdbuf()))
    buffer_access<Char>::discard_input(*own);
#endif
}

template <class Char>
void flush(std::basic_ios<Char>& stream, int fd) noexcept {
  // flush_files() writes what has been handed on.
  if (stream.rdbuf() == nullptr || is_forwarded(*stream.rdbuf())) return;
  try {
    if (file_buffer(stream) != nullptr) {
      stream.rdbuf()->pubsync();
      return;
    }
    // A buffer of another kind may write by way of the stream of C.
    if (try_lock const locked{file_of(fd)}) stream.rdbuf()->pubsync();
  } catch (...) {
    // The stream's state is not read any more.
  }
}

}  // namespace

void discard_parents_buffers(const replaced_streams& replaced) noexcept {
  if (!for_each_file([](std::FILE* stream) { discard_output(stream); }))
    for (int const fd : {1, 2}) discard_output(file_of(fd));
  for (int fd = 0; fd != 3; ++fd)
    if (replaced[static_cast<std::size_t>(fd)]) begin_anew(file_of(fd));
  for_each_stream([&]<class Char>(std::basic_ios<Char>& stream, int fd) {
    if (auto* const buffer = file_buffer(stream)) buffer_access<Char>::discard_output(*buffer);
    if (replaced[static_cast<std::size_t>(fd)]) begin_anew(stream, fd == 0);
  });
}

void flush_buffers() noexcept {
  for_each_stream([]<class Char>(std::basic_ios<Char>& stream, int fd) {
    if (fd != 0) flush(stream, fd);
  });
  flush_files();
}

}  // namespace isolatte::inline v0_1::posix
