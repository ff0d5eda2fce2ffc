// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "nats/link/connection.hpp"

#include "nats/link/callback_table.hpp"
#include "nats/link/client_options.hpp"
#include "nats/link/closing_connections.hpp"
#include "nats/link/status.hpp"
#include "nats/system.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <iterator>
#include <map>
#include <new>
#include <system_error>
#include <thread>
#include <utility>

#include <nats/nats.h>
#include <pthread.h>
#include <signal.h>

namespace isolatte::inline v0_1::nats::link {

namespace {

/// Bytes that are published are sent at once if they are more.
constexpr std::size_t most_held_back = std::size_t{64} << 10;
/// Bytes that are to be sent wait in the queue if more than so many wait in libnats, which moves
/// all of them whenever the kernel has taken some.
constexpr std::size_t most_in_libnats = std::size_t{4} << 20;

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
      std::vector<arrival> one;
      one.push_back({subscription, message{std::move(owned), now()}});
      self->add_arrived(std::move(one));
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
    auto const [self, attempt] = callback_table::find(closure);
    if (!self) return;
    const char* text = nullptr;
    auto status = natsConnection_GetLastError(what, &text);
    if (status == NATS_OK) status = NATS_CONNECTION_CLOSED;
    self->fail(status_code(status), text == nullptr ? "" : text, attempt);
  }
};

/// Until the end of this, the socket is read, and others may publish.
class connection::reading {
 public:
  reading(connection& of, std::shared_ptr<socket_loop> loop) : of_{of}, loop_{std::move(loop)} {}
  ~reading() {
    if (!loop_) return;
    loop_->stop();
    std::lock_guard const lock{of_.mutex_};
    of_.loop_.reset();
  }
  reading(const reading&) = delete;
  reading& operator=(const reading&) = delete;

 private:
  connection& of_;
  std::shared_ptr<socket_loop> const loop_;
};

class connection::handle {
 public:
  handle(const std::shared_ptr<connection>& of, std::uint64_t attempt) : entry_{of, attempt} {}
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

/// The subscriptions of a connection. With a socket_loop no thread calls back, and the messages
/// are taken out.
class connection::subscriptions {
 public:
  subscriptions(std::weak_ptr<connection> of, bool calls_back)
      : of_{std::move(of)}, calls_back_{calls_back} {}

  natsStatus add(handle& server, std::uint64_t id, const std::string& subject) {
    std::lock_guard const lock{mutex_};
    auto const [place, is_new] = made_.try_emplace(id);
    if (!is_new) return NATS_OK;
    auto& one = place->second;
    natsSubscription* pointer = nullptr;
    natsStatus status{};
    if (calls_back_) {
      one.entry = std::make_unique<callback_table::entry>(of_, id);
      status = natsConnection_Subscribe(&pointer, server.get(), subject.c_str(),
                                        &callbacks::arrived, one.entry->closure());
    } else {
      status = natsConnection_SubscribeSync(&pointer, server.get(), subject.c_str());
    }
    one.pointer.reset(pointer);
    // Messages beyond a limit would be dropped.
    if (status == NATS_OK) status = natsSubscription_SetPendingLimits(pointer, -1, -1);
    return status;
  }
  natsStatus remove(std::uint64_t id) {
    std::lock_guard const lock{mutex_};
    auto const place = made_.find(id);
    if (place == made_.end()) return NATS_OK;
    auto const status = natsSubscription_Unsubscribe(place->second.pointer.get());
    retire(place);
    return status;
  }
  /// When this returns, all messages have been called back or taken out.
  natsStatus drain(std::uint64_t id, std::chrono::milliseconds time) {
    natsSubscription* what = nullptr;
    {
      std::lock_guard const lock{mutex_};
      auto const place = made_.find(id);
      if (place == made_.end()) return NATS_OK;
      // Only this thread removes any.
      what = place->second.pointer.get();
    }
    auto status = natsSubscription_DrainTimeout(what, time.count());
    if (status == NATS_OK) status = natsSubscription_WaitForDrainCompletion(what, time.count());
    if (status == NATS_OK) status = natsSubscription_DrainCompletionStatus(what);
    std::lock_guard const lock{mutex_};
    if (auto const place = made_.find(id); status == NATS_OK) retire(place);
    return status;
  }
  /// Takes out the messages that have arrived, in the order of the subscriptions' numbers.
  void take_out(connection& to) {
    std::lock_guard const lock{mutex_};
    // This is the thread that reads, so libnats reads no message for these any more.
    retired_.clear();
    std::vector<arrival> taken;
    auto const at = now();
    for (auto const& [id, one] : made_) {
      while (true) {
        natsMsg* next = nullptr;
        auto const status = natsSubscription_NextMsg(&next, one.pointer.get(), 0);
        message_pointer owned{next};
        if (status == NATS_NO_RESPONDERS)
          taken.push_back({id, message::no_responders(at)});
        else if (status == NATS_OK)
          taken.push_back({id, message{std::move(owned), at}});
        else
          break;
      }
    }
    // The lock is held until then: drain() returns after these messages have been added.
    if (!taken.empty()) to.add_arrived(std::move(taken));
  }

 private:
  struct release {
    void operator()(natsSubscription* what) const noexcept { natsSubscription_Destroy(what); }
  };
  struct one {
    std::unique_ptr<callback_table::entry> entry;
    std::unique_ptr<natsSubscription, release> pointer;
  };

  using all = std::map<std::uint64_t, one>;

  /// Before 3.7, libnats may be reading a message for a subscription, and would use it after it has
  /// been freed. With callbacks the end of that is not told, and this is long enough.
  static constexpr std::size_t most_retired = 64;

  void retire(all::iterator which) {
    which->second.entry.reset();
    retired_.insert(made_.extract(which));
    if (calls_back_ && retired_.size() > most_retired) retired_.erase(retired_.begin());
  }

  std::weak_ptr<connection> const of_;
  bool const calls_back_;
  std::mutex mutex_;
  all made_;
  /// Subscriptions that have ended, and are freed later.
  all retired_;
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
  std::shared_ptr<socket_loop> loop;
  {
    std::lock_guard const lock{mutex_};
    if (ahead_ == 0) loop = loop_;
  }
  if (!loop || (loop->is_full() && loop->unsent() > most_in_libnats))
    return enqueue({.message = std::move(what), .size = size});
  auto const status = loop->publish(what.get());
  // The end of a connection is told by itself.
  if (status != NATS_OK && status != NATS_CONNECTION_CLOSED) {
    fail(status_code(status), last_error());
    // The server would take what follows for the rest of the message.
    loop->break_off();
  }
  if (loop->unsent() >= most_held_back) loop->flush();
}

void connection::flush() noexcept {
  std::shared_ptr<socket_loop> loop;
  {
    std::lock_guard const lock{mutex_};
    loop = loop_;
  }
  if (loop) loop->flush();
}

void connection::enqueue(command what) {
  std::lock_guard const lock{mutex_};
  auto const size = what.size;
  commands_.push_back(std::move(what));
  unsent_ += size;
  ++ahead_;
  if (commands_.size() == 1) changed_.notify_one();
}

std::size_t connection::unsent() const noexcept {
  std::unique_lock lock{mutex_};
  auto const waiting = unsent_;
  auto const loop = loop_;
  lock.unlock();
  return loop ? waiting + loop->unsent() : waiting;
}

void connection::add_arrived(std::vector<arrival>&& what) {
  bool first = false;
  {
    std::lock_guard const lock{mutex_};
    first = arrived_.empty();
    if (first)
      arrived_ = std::move(what);
    else
      arrived_.insert(arrived_.end(), std::make_move_iterator(what.begin()),
                      std::make_move_iterator(what.end()));
  }
  if (first) owner_->arrived();
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

void connection::fail(const boost::system::error_code& ec, const char* text,
                      std::optional<std::uint64_t> attempt) noexcept {
  std::lock_guard const lock{mutex_};
  if (failure_ || attempt.value_or(attempt_) != attempt_) return;
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

std::optional<std::vector<connection::command>> connection::next_commands(
    std::optional<std::chrono::steady_clock::time_point> last) {
  std::unique_lock lock{mutex_};
  auto const is_there = [this] { return closing_ || failure_ || !commands_.empty(); };
  if (last)
    changed_.wait_until(lock, *last, is_there);
  else
    changed_.wait(lock, is_there);
  if (failure_ || (closing_ && (!send_rest_ || commands_.empty()))) return {};
  return std::exchange(commands_, {});
}

bool connection::is_to_end() {
  std::lock_guard const lock{mutex_};
  return failure_ || closing_;
}

bool connection::is_cut_off() {
  std::lock_guard const lock{mutex_};
  return failure_ || (closing_ && !send_rest_);
}

void connection::make_room(std::size_t most) {
  std::shared_ptr<socket_loop> loop;
  {
    std::lock_guard const lock{mutex_};
    loop = loop_;
  }
  while (loop && !is_cut_off()) {
    auto const writes = loop->writes();
    loop->flush();
    if (loop->unsent() <= most) return;
    if (!loop->wait_for_write(writes,
                              std::max(options_.write_timeout, std::chrono::milliseconds{1})))
      return fail(status_code(NATS_TIMEOUT), "the server takes nothing");
  }
}

int connection::perform(handle& server, subscriptions& made, const command& what) {
  if (what.message) {
    make_room(most_in_libnats);
    return natsConnection_PublishMsg(server.get(), what.message.get());
  }
  if (what.drains) {
    // The answer is to come in that time.
    make_room(0);
    return made.drain(what.subscription, options_.write_timeout);
  }
  if (what.subject.empty()) return made.remove(what.subscription);
  return made.add(server, what.subscription, what.subject);
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
    --ahead_;
    if (failure_ || (closing_ && !send_rest_)) return false;
  }
  return true;
}

void connection::live() {
  if (auto const status = open_library(); status != NATS_OK)
    return fail(status_code(status), "libnats cannot be initialised");
  bool const with_tls = wants_tls(options_, server_);
  closing_connections::wait_at_exit(with_tls);
  if (with_tls || live(true)) live(false);
}

bool connection::live(bool with_loop) {
  auto const attempt = begin_attempt();
  natsStatus status{};
  auto const options = client_options(options_, server_, status);
  // Each of these may use those above until it is destroyed. Subscriptions that end after the
  // connection tell the server nothing, and wait for nothing.
  auto const loop = with_loop ? std::make_shared<socket_loop>() : nullptr;
  subscriptions made{weak_from_this(), !with_loop};
  handle server{shared_from_this(), attempt};
  reading const until_the_end{*this, loop};

  // This thread pings, so that no other one closes the socket while it is read.
  if (status == NATS_OK && loop) status = natsOptions_SetPingInterval(options.get(), 0);
  if (status == NATS_OK && loop) status = static_cast<natsStatus>(loop->take_over(options.get()));
  if (status == NATS_OK) status = server.connect(options.get());
  if (status != NATS_OK) {
    fail(status_code(status), last_error());
    return false;
  }
  if (loop) loop->start(server.get(), [this, &made] { take_out(made); });

  std::vector<command> first;
  {
    std::lock_guard const lock{mutex_};
    first.swap(commands_);
  }
  bool is_ready = perform(server, made, first);
  if (is_ready) {
    // The answer says that the server has performed all before.
    status = natsConnection_FlushTimeout(server.get(), options_.connect_timeout.count());
    is_ready = status == NATS_OK;
    if (!is_ready) fail(status_code(status), last_error());
  }
  if (loop && loop->is_encrypted()) {
    give_back(std::move(first));
    return true;
  }
  if (!is_ready) return false;
  {
    std::lock_guard const lock{mutex_};
    loop_ = loop;
  }
  tell_ready(server);
  serve(server, made, loop.get());
  return false;
}

std::uint64_t connection::begin_attempt() {
  std::lock_guard const lock{mutex_};
  failure_ = {};
  failure_text_.clear();
  return ++attempt_;
}

/// The commands are to be performed once more, by the next attempt.
void connection::give_back(std::vector<command>&& performed) {
  std::lock_guard const lock{mutex_};
  performed.insert(performed.end(), std::make_move_iterator(commands_.begin()),
                   std::make_move_iterator(commands_.end()));
  commands_ = std::move(performed);
  ahead_ = commands_.size();
}

void connection::take_out(subscriptions& from) noexcept {
  try {
    from.take_out(*this);
  } catch (...) {
    fail(status_code(NATS_NO_MEMORY), "no memory for a message");
  }
}

void connection::tell_ready(handle& server) {
  server_info info{.url = shown_url(server_), .id = {}, .max_payload = 0};
  std::array<char, 128> id{};
  if (natsConnection_GetConnectedServerId(server.get(), id.data(), id.size()) == NATS_OK)
    info.id = id.data();
  info.max_payload = static_cast<std::size_t>(natsConnection_GetMaxPayload(server.get()));
  owner_->ready(info);
}

void connection::serve(handle& server, subscriptions& made, const socket_loop* loop) {
  auto ping_at = std::chrono::steady_clock::now() + options_.ping_interval;
  while (auto commands = next_commands(loop ? std::optional{ping_at} : std::nullopt)) {
    // Messages that are held back would keep back what the commands say.
    flush();
    if (!perform(server, made, *commands)) return;
    if (!loop || std::chrono::steady_clock::now() < ping_at) continue;
    if (!is_alive(server, *loop))
      return fail(status_code(NATS_STALE_CONNECTION), "no answer to pings");
    ping_at = std::chrono::steady_clock::now() + options_.ping_interval;
  }
  // libnats resets the connection, which drops what the kernel has not sent yet.
  make_room(0);
  if (is_cut_off()) return;
  natsConnection_FlushTimeout(server.get(), options_.write_timeout.count());
}

/// Whether the server answers one of some pings, or is heard meanwhile, or what is to be sent
/// before the pings goes on. If the connection ends meanwhile, that is told by itself.
bool connection::is_alive(handle& server, const socket_loop& loop) {
  auto const seen = loop.signs_of_life();
  for (int sent = 0; sent < std::max(options_.max_pings_out, 1); ++sent) {
    // Messages that are held back would keep the ping back.
    flush();
    auto const status = natsConnection_FlushTimeout(
        server.get(), std::max<std::int64_t>(options_.ping_interval.count(), 1));
    if (status != NATS_TIMEOUT || is_to_end() || loop.signs_of_life() != seen) return true;
  }
  return false;
}

}  // namespace isolatte::inline v0_1::nats::link
