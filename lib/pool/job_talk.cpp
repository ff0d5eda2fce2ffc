// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "pool/job_talk.hpp"

#include "pool/pool.hpp"

#include <boost/asio/error.hpp>

#include <utility>

namespace isolatte::inline v0_1::pool {

using boost::system::error_code;

job_talk::job_talk(std::shared_ptr<supervise::talk> talk, const supervise::strand& on) noexcept
    : talk_{std::move(talk)}, strand_{on} {}

void job_talk::set_owner(const std::shared_ptr<pool>& in, const std::shared_ptr<job>& of) noexcept {
  pool_ = in;
  job_ = of;
}

int job_talk::lend_end(error_code& ec) noexcept {
  if (!begun_) {
    end_ = talk_->open(ec);
    if (ec) return -1;
    begun_ = true;
    talk_->begin(shared_from_this());
  }
  return end_.get();
}

bool job_talk::end(const error_code& ec) noexcept {
  end_.reset();
  if (begun_) {
    talk_->end();
    return !over_;
  }
  talk_->close(ec ? ec : make_error_code(boost::asio::error::eof));
  return false;
}

void job_talk::close() noexcept { talk_->close(boost::asio::error::operation_aborted); }

std::exception_ptr job_talk::failure() const noexcept {
  std::lock_guard const lock{failure_mutex_};
  return failure_;
}

// News, on the conversation's strand

void job_talk::talk_refused(const char* reason, std::exception_ptr why) noexcept {
  {
    std::lock_guard const lock{failure_mutex_};
    failure_ = std::move(why);
  }
  reason_ = reason;
  refused_ = true;
  tell();
}

void job_talk::talk_over() noexcept {
  over_ = true;
  tell();
}

void job_talk::tell() noexcept {
  if (told_.exchange(true)) return;
  keeps_ = shared_from_this();
  strand_.post(*this);
}

void job_talk::run() {
  auto const self = std::move(keeps_);
  told_ = false;
  auto const in = pool_.lock();
  auto const of = job_.lock();
  if (in && of) in->heed_talk(*of);
}

void job_talk::drop() noexcept { auto const last = std::move(keeps_); }

}  // namespace isolatte::inline v0_1::pool
