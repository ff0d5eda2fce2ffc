// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "nats/link/connection.hpp"

#include "nats/link/callback_table.hpp"
#include "nats/link/client_options.hpp"
#include "nats/link/closing_connections.hpp"
#include "nats/link/status.hpp"
#include "nats/system.hpp"

#include <array>
#include <chrono>
#include <new>
#include <system_error>
#include <thread>
#include <unordered_map>
#include <utility>

#include <nats/nats.h>
#include <pthread.h>
#include <signal.h>

namespace isolatte::inline v0_1::nats::link {

namespace {

const char* last_error() noexcept {
  natsStatus ignored{};
  const char* const text = nats_GetLastError(&ignored);
  return text == nullptr ? "" : text;
}

/// Blocks every signal while it lives. Threads that are made meanwhile keep them blocked: the
/// program's handlers belong to its own threads, and OpenSSL's writes would raise SIGPIPE.
class signals_blocked {
 public:
  signals_blocked() noexcept {
    sigset_t all;
    sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~signals_blocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  signals_blocked(const signals_blocked&) = delete;
  signals_blocked& operator=(const signals_blocked&) = delete;

 private:
  sigset_t before_;
};

}  // namespace

/// The functions that libnats calls. No exception may pass through it.
struct connection::callbacks {
  static void arrived(natsConnection*, natsSubscription*, natsMsg* what, void* closure) noexcept {
    message_pointer owned{what};
    auto const [self, subscription] = callback_table::find(closure);
    if (!self || what == nullptr) return;
    try {
      bool first = false;
      auto const at = now();
      {
        std::lock_guard const lock{self->mutex_};
        first = self->arrived_.empty();
        self->arrived_.push_back({subscription, message{std::move(owned), at}});
      }
      if (first) self->owner_->arrived();
    } catch (...) {
      self->fail(status_code(NATS_NO_MEMORY), "no memory for a message");
    }
  }

  static void complained(natsConnection*, natsSubscription*, natsStatus status,
                         void* closure) noexcept {
    auto const self = callback_table::find(closure).first;
    if (!self) return;
    // Subscriptions have no limit, so this cannot be; messages would be lost.
    if (status == NATS_SLOW_CONSUMER) return self->fail(status_code(status), "messages dropped");
    try {
      self->owner_->complained(status_code(status), last_error());
    } catch (...) {
      self->fail(status_code(NATS_NO_MEMORY), "no memory for a complaint");
    }
  }

  static void closed(natsConnection* what, void* closure) noexcept {
    auto const self = callback_table::find(closure).first;
    if (!self) return;
    const char* text = nullptr;
    auto status = natsConnection_GetLastError(what, &text);
    if (status == NATS_OK) status = NATS_CONNECTION_CLOSED;
    self->fail(status_code(status), text == nullptr ? "" : text);
  }
};

class connection::handle {
 public:
  explicit handle(const std::shared_ptr<connection>& of) : entry_{of, 0} {}
  ~handle() { natsConnection_Destroy(pointer_); }
  handle(const handle&) = delete;
  handle& operator=(const handle&) = delete;

  natsStatus connect(natsOptions* options) noexcept {
    auto status = natsOptions_SetErrorHandler(options, &callbacks::complained, entry_.closure());
    if (status == NATS_OK)
      status = natsOptions_SetClosedCB(options, &callbacks::closed, entry_.closure());
    if (status == NATS_OK) status = natsConnection_Connect(&pointer_, options);
    return status;
  }
  natsConnection* get() const noexcept { return pointer_; }

 private:
  callback_table::entry entry_;
  natsConnection* pointer_ = nullptr;
};

class connection::subscriptions {
 public:
  subscriptions(std::weak_ptr<connection> of, const handle& server)
      : of_{std::move(of)}, server_{server} {}

  natsStatus add(std::uint64_t id, const std::string& subject) {
    auto const [place, is_new] = made_.try_emplace(id);
    if (!is_new) return NATS_OK;
    auto& one = place->second;
    one.entry = std::make_unique<callback_table::entry>(of_, id);
    natsSubscription* pointer = nullptr;
    auto status = natsConnection_Subscribe(&pointer, server_.get(), subject.c_str(),
                                           &callbacks::arrived, one.entry->closure());
    one.pointer.reset(pointer);
    // Messages beyond a limit would be dropped.
    if (status == NATS_OK) status = natsSubscription_SetPendingLimits(pointer, -1, -1);
    return status;
  }
  natsStatus remove(std::uint64_t id) {
    auto const place = made_.find(id);
    if (place == made_.end()) return NATS_OK;
    auto const status = natsSubscription_Unsubscribe(place->second.pointer.get());
    made_.erase(place);
    return status;
  }
  natsStatus drain(std::uint64_t id, std::chrono::milliseconds time) {
    auto const place = made_.find(id);
    if (place == made_.end()) return NATS_OK;
    auto* const what = place->second.pointer.get();
    auto status = natsSubscription_DrainTimeout(what, time.count());
    if (status == NATS_OK) status = natsSubscription_WaitForDrainCompletion(what, time.count());
    if (status == NATS_OK) status = natsSubscription_DrainCompletionStatus(what);
    if (status == NATS_OK) made_.erase(place);
    return status;
  }

 private:
  struct release {
    void operator()(natsSubscription* what) const noexcept { natsSubscription_Destroy(what); }
  };
  struct one {
    std::unique_ptr<callback_table::entry> entry;
    std::unique_ptr<natsSubscription, release> pointer;
  };

  std::weak_ptr<connection> const of_;
  const handle& server_;
  std::unordered_map<std::uint64_t, one> made_;
};

connection::connection(link_options options, std::string server, std::unique_ptr<owner> of)
    : options_{std::move(options)}, server_{std::move(server)}, owner_{std::move(of)} {}

void connection::start() {
  signals_blocked const blocked;
  std::thread{[self = shared_from_this()] { self->run(); }}.detach();
}

void connection::subscribe(std::uint64_t id, std::string subject) {
  enqueue({.subscription = id, .subject = std::move(subject)});
}

void connection::unsubscribe(std::uint64_t id) { enqueue({.subscription = id}); }

void connection::drain(std::uint64_t id) { enqueue({.subscription = id, .drains = true}); }

void connection::publish(message_pointer what, std::size_t size) {
  enqueue({.message = std::move(what), .size = size});
}

void connection::enqueue(command what) {
  std::lock_guard const lock{mutex_};
  auto const size = what.size;
  commands_.push_back(std::move(what));
  unsent_ += size;
  if (commands_.size() == 1) changed_.notify_one();
}

std::size_t connection::unsent() const noexcept {
  std::lock_guard const lock{mutex_};
  return unsent_;
}

std::vector<arrival> connection::take_arrived() noexcept {
  std::lock_guard const lock{mutex_};
  return std::exchange(arrived_, {});
}

void connection::close(bool send_rest, std::shared_ptr<void> at_end) noexcept {
  std::lock_guard const lock{mutex_};
  if (closing_) return;
  closing_ = true;
  send_rest_ = send_rest;
  if (!has_ended_) at_end_.swap(at_end);
  if (!has_ended_ && send_rest) closing_connections::begin();
  changed_.notify_one();
}

void connection::fail(const boost::system::error_code& ec, const char* text) noexcept {
  std::lock_guard const lock{mutex_};
  if (failure_) return;
  failure_ = ec;
  try {
    failure_text_ = text;
  } catch (const std::bad_alloc&) {
    failure_text_.clear();
  }
  changed_.notify_one();
}

void connection::run() noexcept {
  try {
    live();
  } catch (...) {
    fail(status_code(NATS_NO_MEMORY), "no memory");
  }
  tell_end();
  std::shared_ptr<void> last;
  std::lock_guard const lock{mutex_};
  has_ended_ = true;
  if (closing_ && send_rest_) closing_connections::end();
  last.swap(at_end_);
}

/// Tries until there is memory to tell it.
void connection::tell_end() noexcept {
  std::unique_lock lock{mutex_};
  while (!closing_) {
    lock.unlock();
    try {
      // No other thread changes these after the first failure.
      return owner_->ended(failure_, failure_text_);
    } catch (...) {
      lock.lock();
      changed_.wait_for(lock, std::chrono::milliseconds{10});
    }
  }
}

/// Waits for commands.
/// @return none if the connection is to end
std::vector<connection::command> connection::next_commands() {
  std::unique_lock lock{mutex_};
  changed_.wait(lock, [this] { return closing_ || failure_ || !commands_.empty(); });
  if (failure_ || (closing_ && !send_rest_)) return {};
  return std::exchange(commands_, {});
}

int connection::perform(handle& server, subscriptions& made, const command& what) {
  if (what.message) return natsConnection_PublishMsg(server.get(), what.message.get());
  if (what.drains) return made.drain(what.subscription, options_.write_timeout);
  if (what.subject.empty()) return made.remove(what.subscription);
  return made.add(what.subscription, what.subject);
}

bool connection::perform(handle& server, subscriptions& made, std::vector<command>& what) {
  for (auto& each : what) {
    if (auto const status = perform(server, made, std::as_const(each)); status != NATS_OK) {
      fail(status_code(status), last_error());
      return false;
    }
    if (each.drains) owner_->drained(each.subscription);
    each.message.reset();
    std::lock_guard const lock{mutex_};
    unsent_ -= each.size;
    if (failure_ || (closing_ && !send_rest_)) return false;
  }
  return true;
}

void connection::live() {
  if (auto const status = open_library(); status != NATS_OK)
    return fail(status_code(status), "libnats cannot be initialised");
  natsStatus status{};
  auto const options = client_options(options_, server_, status);
  handle server{shared_from_this()};
  closing_connections::wait_at_exit(wants_tls(options_, server_));
  if (status == NATS_OK) status = server.connect(options.get());
  if (status != NATS_OK) return fail(status_code(status), last_error());

  subscriptions made{weak_from_this(), server};
  {
    std::unique_lock lock{mutex_};
    auto first = std::exchange(commands_, {});
    lock.unlock();
    if (!perform(server, made, first)) return;
  }
  // The answer says that the server has performed all before.
  status = natsConnection_FlushTimeout(server.get(), options_.connect_timeout.count());
  if (status != NATS_OK) return fail(status_code(status), last_error());

  server_info info{.url = shown_url(server_), .id = {}, .max_payload = 0};
  std::array<char, 128> id{};
  if (natsConnection_GetConnectedServerId(server.get(), id.data(), id.size()) == NATS_OK)
    info.id = id.data();
  info.max_payload = static_cast<std::size_t>(natsConnection_GetMaxPayload(server.get()));
  owner_->ready(info);

  while (true) {
    auto commands = next_commands();
    if (commands.empty()) break;
    if (!perform(server, made, commands)) return;
  }
  // libnats resets the connection, which drops what the kernel has not sent yet.
  std::unique_lock lock{mutex_};
  if (failure_ || !send_rest_) return;
  lock.unlock();
  natsConnection_FlushTimeout(server.get(), options_.write_timeout.count());
}

}  // namespace isolatte::inline v0_1::nats::link
