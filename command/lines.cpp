// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "lines.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/errc.hpp>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace isolatte_run {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

/// Linux's MAX_ARG_STRLEN, without the null character.
constexpr std::size_t longest_argument = 128 * 1024 - 1;
constexpr std::size_t kept_of_too_long = 64;
constexpr std::size_t read_at_once = 64 * 1024;

/// A descriptor of the standard input of this command's own. A pipe and a terminal are opened anew:
/// the event loop has them not block, which would surprise other processes that have them, too.
/// Other files keep the place to which they have been read.
int open_input() {
  int const flags = ::fcntl(0, F_GETFL);
  if (flags == -1) return -1;
  if ((flags & O_ACCMODE) == O_WRONLY) {
    errno = EBADF;
    return -1;
  }
  struct stat what{};
  if (::fstat(0, &what) == 0 && (S_ISFIFO(what.st_mode) || S_ISCHR(what.st_mode))) {
    int const own = ::open("/proc/self/fd/0", O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (own != -1) return own;
  }
  return ::fcntl(0, F_DUPFD_CLOEXEC, 3);
}

}  // namespace

lines::lines(asio::io_context& context) : input_{context} {
  int const own = open_input();
  if (own == -1) throw std::system_error{errno, std::generic_category(), reading_failed};
  error_code ec;
  input_.assign(own, ec);
  if (!ec) return;
  ::close(own);
  throw std::system_error{ec, reading_failed};
}

bool lines::find_line(std::size_t& size) const {
  auto const end = buffer_.find('\n', begin_);
  size = end - begin_;
  return end != buffer_.npos;
}

std::string lines::take(std::size_t size) {
  std::string line = buffer_.substr(begin_, size);
  begin_ = std::min(begin_ + size + 1, buffer_.size());
  return line;
}

void lines::give(handler then, std::string line) {
  error_code ec;
  if (too_long_ || line.size() > longest_argument) {
    ec = make_error_code(boost::system::errc::argument_list_too_long);
    line = too_long_ ? std::move(*too_long_) : line.substr(0, kept_of_too_long);
    too_long_.reset();
  } else if (line.find('\0') != line.npos) {
    ec = make_error_code(boost::system::errc::illegal_byte_sequence);
  }
  then(ec, std::move(line));
}

void lines::async_next(handler then) {
  // From the event loop, as if the line had to be read: the handler asks for the next one.
  asio::post(input_.get_executor(), [this, then = std::move(then)]() mutable {
    if (is_cancelled_) return then(asio::error::operation_aborted, {});
    std::size_t size = 0;
    if (find_line(size)) return give(std::move(then), take(size));
    read_more(std::move(then));
  });
}

void lines::read_more(handler then) {
  buffer_.erase(0, std::exchange(begin_, 0));
  if (buffer_.size() > longest_argument) {
    if (!too_long_) too_long_ = buffer_.substr(0, kept_of_too_long);
    buffer_.clear();
  }
  auto const old = buffer_.size();
  buffer_.resize(old + read_at_once);
  input_.async_read_some(
      asio::buffer(buffer_.data() + old, read_at_once),
      [this, old, then = std::move(then)](error_code ec, std::size_t count) mutable {
        buffer_.resize(old + count);
        if (is_cancelled_) return then(asio::error::operation_aborted, {});
        std::size_t size = 0;
        if (find_line(size)) return give(std::move(then), take(size));
        if (!ec) return read_more(std::move(then));
        // The last line may have no end.
        if (ec == asio::error::eof && (!buffer_.empty() || too_long_))
          return give(std::move(then), take(buffer_.size()));
        then(ec, {});
      });
}

void lines::cancel() {
  is_cancelled_ = true;
  error_code ignored;
  input_.cancel(ignored);
}

}  // namespace isolatte_run
