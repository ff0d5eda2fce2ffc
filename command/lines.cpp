// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "lines.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/system/system_error.hpp>

#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace isolatte_run {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

/// A descriptor of the standard input of this command's own. A pipe and a terminal are opened anew:
/// the event loop has them not block, which would surprise other processes that have them, too.
/// Other files keep the place to which they have been read.
int open_input() {
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
  if (own == -1)
    throw boost::system::system_error{errno, boost::system::system_category(), "standard input"};
  error_code ec;
  input_.assign(own, ec);
  if (!ec) return;
  ::close(own);
  throw boost::system::system_error{ec, "standard input"};
}

std::string lines::take(std::size_t size_with_end) {
  std::string line = buffer_.substr(0, size_with_end);
  buffer_.erase(0, size_with_end);
  if (!line.empty() && line.back() == '\n') line.pop_back();
  return line;
}

void lines::async_next(handler then) {
  asio::async_read_until(input_, asio::dynamic_buffer(buffer_), '\n',
                         [this, then = std::move(then)](error_code ec, std::size_t size) {
                           if (is_cancelled_) return then(asio::error::operation_aborted, {});
                           // The last line may have no end.
                           if (ec == asio::error::eof && !buffer_.empty())
                             return then({}, take(buffer_.size()));
                           then(ec, ec ? std::string{} : take(size));
                         });
}

void lines::cancel() {
  is_cancelled_ = true;
  error_code ignored;
  input_.cancel(ignored);
}

}  // namespace isolatte_run
