// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "launch/template_process.hpp"

#include "launch/describe_end.hpp"
#include "launch/fork.hpp"
#include "launch/symboliser.hpp"
#include "launch/template_options.hpp"
#include "logic/pool_policy.hpp"
#include "posix/child/child_setup.hpp"
#include "posix/child/contained_child.hpp"
#include "posix/child/template_main.hpp"
#include "posix/child_ends.hpp"
#include "posix/memory_file.hpp"
#include "posix/message_socket.hpp"
#include "posix/system_calls.hpp"
#include "vocabulary/errors.hpp"
#include "vocabulary/signals.hpp"

#include <isolatte/error.hpp>

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>

#include <chrono>
#include <cstring>
#include <new>
#include <span>
#include <utility>
#include <vector>

namespace isolatte::inline v0_1::launch {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

constexpr const char* making = "creating the child in the fork server";

/// The time between two looks at a template that has not answered yet.
constexpr std::chrono::milliseconds between_looks{200};
/// After this many looks, in 10 s, a template never answers: a lock that another thread held at its
/// fork is never released in it. If a program is stopped together with its template and both go on,
/// one timer has expired at once, but not so many.
constexpr int most_looks = 50;
/// A template that has ended its socket dies within this time, however much memory it has.
constexpr std::chrono::seconds longest_dying{10};
/// A look that finds the template stopped counts as many, so that it is replaced after 1 s.
constexpr int stopped_weight = 10;
/// A seed that has just been made makes a template within this time.
constexpr int longest_making_ms = 1000;
/// A copy that ends again and again is not made more often.
constexpr std::chrono::seconds between_revivals{1};

/// Handlers on the strand at once: waits for replies, room and patience, and posted steps. Requests
/// bring memory of their own.
constexpr std::size_t handlers_at_once = 16;

/// No sender: at the end of the socket, after an error, and where the system does not tell.
constexpr int not_told = -1;

/// Whether somebody else has ended a preload: the call itself is not to blame.
bool was_ended(const run_summary& run) noexcept {
  return run.how == ending::lost ||
         (run.how == ending::killed && detail::is_request_to_end(run.signal.value_or(0)));
}

bool is_end(const error_code& ec) noexcept {
  return ec == asio::error::broken_pipe || ec == asio::error::connection_reset ||
         ec == asio::error::not_connected;
}

/// The ends of the socket between this process, which is told who answers, and a template.
posix::socket_ends make_sockets(error_code& ec) noexcept {
  posix::socket_ends ends = posix::make_message_sockets(ec);
  if (!ec) posix::tell_senders(ends.mine.get(), ec);
  return ends;
}

}  // namespace

std::shared_ptr<template_process> template_process::make(const asio::any_io_executor& executor,
                                                         template_settings settings,
                                                         error_code& ec) {
  auto self = std::make_shared<template_process>(only_make{}, executor, std::move(settings));
  supervise::context_service::join(executor, self->membership_, self);
  self->start(ec);
  if (!ec) return self;
  self->close();
  return nullptr;
}

std::shared_ptr<template_process> template_process::make_copy(error_code& ec) {
  template_settings settings = settings_;
  // One child that stands ready is enough.
  settings.ahead = ahead_of_need::nothing;
  auto self = std::make_shared<template_process>(only_make{}, executor_, std::move(settings));
  self->original_ = weak_from_this();
  self->is_copy_ = true;
  self->ids_ = ids_;
  {
    std::lock_guard const lock{process_mutex_};
    copies_.push_back(self);
  }
  supervise::context_service::join(executor_, self->membership_, self);
  if (ready_) self->start(ec);
  if (!ec) return self;
  self->close();
  return nullptr;
}

template_process::template_process(only_make, const asio::any_io_executor& executor,
                                   template_settings settings)
    : executor_{executor},
      settings_{std::move(settings)},
      strand_{executor, handlers_at_once},
      socket_{strand_},
      patience_timer_{strand_},
      retry_timer_{strand_} {
  none_.reserve(posix::most_descriptors);
}

template_process::~template_process() = default;

// The start

void template_process::start(error_code& ec) {
  try {
    // No sandbox lets a process have siblings made.
    if (posix::own_confinement() != posix::confinement::none)
      ec = make_error_code(boost::system::errc::operation_not_permitted);
    if (ec) return;
    posix::socket_ends sockets = make_sockets(ec);
    if (ec) return;
    naming_entry_ = locate(make_naming_call(stack_trace{{}, {}})).entry;
    if (!is_copy_)
      set_loaded(std::make_shared<const posix::object_map>(posix::object_map::of_this_process()));
    // A copy is started by a caller that holds the original.
    if (is_copy_)
      start_as_copy(std::move(sockets), *original_.lock(), ec);
    else if (settings_.preload.get() != nullptr)
      start_from_seed(std::move(sockets), ec);
    else
      start_by_fork(std::move(sockets), ec);
  } catch (...) {
    ec = detail::error_of_caught();
  }
  // The socket of a process that was not made would be in the way of the next.
  if (ec) close_socket();
}

/// A namer that is to be made, and what the template needs for that.
struct template_process::new_namer {
  std::shared_ptr<template_process> process;
  posix::descriptor socket;
  posix::descriptor page;
};

/// Makes the namer, whose process the template makes; null if it needs none.
template_process::new_namer template_process::make_namer(error_code& ec) {
  if (!settings_.around || !settings_.around->inherited) return {};
  auto made = std::make_shared<template_process>(only_make{}, executor_, template_settings{});
  posix::socket_ends sockets = make_sockets(ec);
  posix::descriptor file;
  if (!ec) made->page_ = posix::child_page::make_file(file, ec);
  if (!ec) made->socket_.assign(sockets.mine.get(), ec);
  if (ec) return {};
  sockets.mine.release();
  made->naming_entry_ = naming_entry_;
  made->loaded_ = loaded_;
  made->process_ = std::make_shared<posix::child_process>();
  made->process_->expect(made->page_.data()->pid, nullptr, false);
  supervise::context_service::join(executor_, made->membership_, made);
  return {std::move(made), std::move(sockets.theirs), std::move(file)};
}

/// Plans what the template enters for its children.
std::optional<confine::sandbox_plan> template_process::plan_sandbox(int leash_number,
                                                                    error_code& ec) {
  if (!settings_.around || !settings_.around->inherited) return std::nullopt;
  auto entered = settings_.around->inherited->of_template(ec);
  if (ec) return std::nullopt;
  auto number = std::make_shared<const posix::descriptor>(posix::duplicate(leash_number, ec));
  entered.leash_number = number->get();
  std::lock_guard const lock{process_mutex_};
  leash_number_ = std::move(number);
  return entered;
}

void template_process::take_socket(posix::descriptor mine, error_code& ec) {
  std::lock_guard const lock{process_mutex_};
  socket_.assign(mine.get(), ec);
  if (!ec) mine.release();
}

void template_process::start_by_fork(posix::socket_ends sockets, error_code& ec) {
  new_namer namer = make_namer(ec);
  if (ec) return;
  auto entered = plan_sandbox(sockets.mine.get(), ec);
  if (ec) return;
  kept_descriptors kept{sockets.theirs.get()};
  posix::template_ends its{.socket = sockets.theirs.get()};
  if (namer.process) {
    kept = {sockets.theirs.get(), namer.socket.get()};
    its.leash_number = entered->leash_number;
    its.unconfined = {namer.socket.get(), namer.process->page_.data()};
  }
  options const opts = template_options(std::move(kept));
  posix::all_ends ends = posix::open_ends(opts, posix::inherited_streams::parents, ec);
  if (ec) return;
  posix::template_task task{its};
  detail::refusal why;
  forked_child child = fork_child(task, ends.child, opts, std::move(entered), why, nullptr,
                                  namer.process ? &namer.process->page_ : nullptr);
  ec = why.ec;
  if (ec) return;
  // A child is in the template's group until it has made its own, and does not end with the
  // template: its own supervisor ends it, and knows why.
  child.process->spare_group();
  take_socket(std::move(sockets.mine), ec);
  if (ec) return;
  pid_ = child.process->pid();
  ++starts_;
  ready_ = true;
  page_ = std::move(child.page);
  set_process(std::move(child.process), std::move(namer.process));
}

void template_process::start_from_seed(posix::socket_ends sockets, error_code& ec) {
  new_namer namer = make_namer(ec);
  if (ec) return;
  auto const entered = plan_sandbox(sockets.mine.get(), ec);
  if (ec) return;
  preloading begun;
  begun.err = posix::make_memory_file(0, ec);
  if (ec) return;
  // The template finds out which numbers they have there.
  posix::seeded_template its{.has_namer = namer.process ? 1 : 0};
  std::vector<int> given{sockets.theirs.get()};
  if (namer.process) {
    its.leash_number = entered->leash_number;
    given.insert(given.end(), {namer.socket.get(), namer.page.get()});
  }
  options opts = template_options({});
  opts.err = to_fd{begun.err.get()};
  opts.fault_report = true;
  begun.run = supervise::supervisor::make(executor_, opts, streams, symbolise_by_fork, {}, ec);
  if (ec) return;
  begun.order = next_id();
  auto const call = posix::preload_call(its, std::move(given));
  fork_message message = launch::make_template_request(begun.order, locate(call), begun.run->ends(),
                                                       opts, entered ? &*entered : nullptr, ec);
  if (ec) return;
  posix::descriptor file;
  posix::child_page page = posix::child_page::make_file(file, ec);
  if (ec) return;
  auto process = std::make_shared<posix::child_process>();
  posix::descriptor leash = process->open_leash(message.leash, ec);
  if (ec) return;
  process->expect(page.data()->pid, nullptr, opts.kill_tree);
  message.lead_with(std::move(file), std::move(leash));
  take_socket(std::move(sockets.mine), ec);
  if (ec) return;
  auto seed = order_from_seed(message, ec);
  if (ec) return;
  ++starts_;
  preloading_ = std::move(begun);
  page_ = std::move(page);
  set_process(std::move(process), std::move(namer.process));
  std::lock_guard const lock{process_mutex_};
  seed_ = std::move(seed);
}

/// Has the seed make the template, or another one if there is none any more.
std::shared_ptr<seed_process> template_process::order_from_seed(const fork_message& order,
                                                                error_code& ec) {
  if (auto const seed = current_seed()) {
    seed->order(order, ec);
    if (!ec || seed->is_there()) return seed;
    ec.clear();
  }
  auto seed = seed_process::make({settings_.preload.get(), settings_.huge_pages}, ec);
  if (!ec) seed->order(order, ec);
  return seed;
}

void template_process::start_as_copy(posix::socket_ends sockets, template_process& of,
                                     error_code& ec) {
  posix::descriptor file;
  posix::child_page page = posix::child_page::make_file(file, ec);
  if (ec) return;
  auto process = std::make_shared<posix::child_process>();
  posix::descriptor leash = process->open_leash(posix::leash_kind::pipe, ec);
  if (ec) return;
  process->expect(page.data()->pid, nullptr, false);
  fork_message const order = make_order(ordered::copy_of_template, next_id(), std::move(file),
                                        std::move(leash), std::move(sockets.theirs));
  take_socket(std::move(sockets.mine), ec);
  if (ec) return;
  {
    std::lock_guard const lock{of.process_mutex_};
    leash_number_ = of.leash_number_;
  }
  ordered_of_ = of.starts_;
  of.order_copy(order, ec);
  if (ec) return;
  ++starts_;
  ready_ = true;
  page_ = std::move(page);
  set_process(std::move(process), nullptr);
}

/// From any thread.
void template_process::order_copy(const fork_message& order, error_code& ec) noexcept {
  std::lock_guard const lock{process_mutex_};
  if (!process_ || process_->is_elsewhere())
    ec = error::server_died;
  else
    posix::send_message(socket_.native_handle(), order.bytes, order.order, false, ec);
  if (is_end(ec)) ec = error::server_died;
}

void template_process::await_number(error_code& ec) noexcept {
  if (!preloading_) return;
  for (int waited = 0; pid() == 0 && !ec && waited != longest_making_ms; ++waited) {
    posix::sys.poll(nullptr, 0, 1);
    if (pid() == 0) ec = seed_->refusal(preloading_->order);
  }
}

int template_process::pid() noexcept {
  membership_.notice_copy();
  if (pid_ == 0) adopt_expected();
  return pid_;
}

/// Takes the process on if another one has made it.
void template_process::adopt_expected() noexcept {
  std::lock_guard const lock{process_mutex_};
  if (process_ && process_->expected() &&
      process_->adopt_expected(std::chrono::steady_clock::now()))
    pid_ = process_->pid();
}

/// Whether the process has not ended. One that is still to be made has not: its socket tells if it
/// never will be.
bool template_process::is_there() noexcept {
  if (!process_) return false;
  adopt_expected();
  return process_->expected() || !process_->ended();
}

/// Whether the process has been made and has ended, also if neither the kernel nor the socket tells
/// of that: a process that the preload has left may trace it, and hold its socket open.
bool template_process::has_ended_unreported() noexcept {
  return process_ && !process_->expected() && process_->ended_unreported();
}

bool template_process::is_made() noexcept {
  adopt_expected();
  std::lock_guard const lock{process_mutex_};
  return process_ && !process_->ended();
}

void template_process::revive() noexcept {
  if (!revival_is_posted_.exchange(true)) revival_.post(strand_, shared_from_this());
}

/// Starts the process if there is none, though nothing waits for it.
void template_process::look_after() {
  // First: a revival from here on posts a step of its own.
  revival_is_posted_ = false;
  membership_.notice_copy();
  if (closed_) return;
  // Again when the original's process is forgotten.
  if (disowning_) return revive();
  auto const of = original_.lock();
  if (is_copy_ && !of) return;
  // The end of the socket tells that the process will not be made, or how a preload has ended.
  if (socket_.is_open()) read_replies();
  // A process that the original has left may hold a copy's socket open.
  bool const is_lost = is_copy_ && process_ && process_->expected() && of->starts_ != ordered_of_;
  if (is_lost || (process_ && !is_there())) died();
  auto const now = std::chrono::steady_clock::now();
  bool const may_start =
      is_copy_ ? of->ready_.load() : !preloading_ && !failing_ && now >= retry_at_;
  if (process_ || !may_start || now < next_revival_) return;
  next_revival_ = now + between_revivals;
  error_code ignored;
  start(ignored);
}

void template_process::revive_copies() {
  std::vector<std::weak_ptr<template_process>> all;
  {
    std::lock_guard const lock{process_mutex_};
    all = copies_;
  }
  for (auto const& each : all)
    if (auto const copy = each.lock()) copy->revive();
}

/// Gives what waits for a copy, which is not there, to the original.
void template_process::hand_over() {
  auto const of = original_.lock();
  while (!queued_.empty()) {
    auto first = queued_.extract(queued_.begin());
    auto const run = first.mapped().run;
    error_code ec = error::server_died;
    if (of) try {
        of->take_over(std::move(first));
        continue;
      } catch (...) {
        ec = detail::error_of_caught();
      }
    run->fail(ec, making);
  }
}

void template_process::take_over(request_map::node_type what) {
  auto const id = what.key();
  what.mapped().counted = debt{owed_};
  what.mapped().companion = make_companion(id);
  what.mapped().run->wait_in(weak_from_this());
  strand_.post_own([self = shared_from_this(), what = std::move(what)]() mutable {
    self->enqueue(std::move(what));
  });
}

fork_server_stats template_process::stats() const noexcept {
  fork_server_stats result;
  result.ready = ready_;
  result.starts = starts_;
  result.huge_bytes = huge_bytes_;
  return result;
}

void template_process::set_process(std::shared_ptr<posix::child_process> process,
                                   std::shared_ptr<template_process> namer) noexcept {
  std::lock_guard const lock{process_mutex_};
  process_.swap(process);
  namer_.swap(namer);
}

std::shared_ptr<seed_process> template_process::current_seed() noexcept {
  std::lock_guard const lock{process_mutex_};
  return seed_;
}

/// Ends the process. If the seed is still to make it, the seed ends, too: no object would reap the
/// process.
void template_process::drop_process() noexcept {
  adopt_expected();
  std::shared_ptr<posix::child_process> process;
  {
    std::lock_guard const lock{process_mutex_};
    process.swap(process_);
    if (process && preloading_ && process->expected()) seed_.reset();
  }
  pid_ = 0;
}

void template_process::close_socket() noexcept {
  std::lock_guard const lock{process_mutex_};
  error_code ignored;
  socket_.close(ignored);
}

// Requests

/// Has the template's strand call ended(), in the memory that it has itself.
class template_process::companion final : public supervise::strand::step {
 public:
  companion(std::weak_ptr<template_process> of, std::uint64_t id) noexcept
      : template_{std::move(of)}, id_{id} {}

  static void end(companion* self) noexcept {
    self->keeps_ = self->template_.lock();
    if (!self->keeps_ || self->keeps_->abandoned_) return delete self;
    // A copy: another thread may run the step at once, and destroy the template.
    auto const on = self->keeps_->strand_;
    on.post(*self);
  }

  void run() override {
    auto const owned = std::unique_ptr<companion>{this};
    keeps_->ended(id_);
  }
  void drop() noexcept override { delete this; }

 private:
  std::weak_ptr<template_process> const template_;
  std::shared_ptr<template_process> keeps_;
  std::uint64_t const id_;
};

std::shared_ptr<void> template_process::make_companion(std::uint64_t id) {
  auto made = std::make_unique<companion>(weak_from_this(), id);
  // If there is no memory for the pointer, its deleter is called all the same.
  return {made.release(), companion::end};
}

template_process::running_map::node_type template_process::place_for(
    const std::shared_ptr<supervise::supervisor>& run, std::uint64_t id) {
  running_map one;
  one.emplace(id, run);
  return one.extract(one.begin());
}

void template_process::launch(std::shared_ptr<supervise::supervisor> run,
                              const detail::remote_call& call, const options& opts, sandboxed when,
                              error_code& ec) {
  membership_.notice_copy();
  auto const id = next_id();
  fork_message message =
      launch::make_request(id, locate(call), run->ends(), opts, when, settings_.around.get(), ec);
  run->set_gaps(std::move(message.gaps));
  if (ec || (message.suits_standby() && launch_standby(run, message, opts))) return;
  run->wait_in(weak_from_this());
  auto what = make_request(std::move(run), std::move(message), id, opts, ec);
  if (ec) return;
  strand_.post_own([self = shared_from_this(), what = std::move(what)]() mutable {
    self->enqueue(std::move(what));
  });
}

/// Makes what the template needs besides the message, which it completes.
template_process::request_map::node_type template_process::make_request(
    std::shared_ptr<supervise::supervisor> run, fork_message message, std::uint64_t id,
    const options& opts, error_code& ec) {
  request what;
  what.leads_group = opts.kill_tree;
  what.contained = message.contained;
  what.message = std::move(message);
  posix::descriptor file;
  what.page = posix::child_page::make_file(file, ec);
  if (ec) return {};
  what.process = std::make_shared<posix::child_process>();
  posix::descriptor leash;
  if (opts.die_with_parent) leash = what.process->open_leash(what.message.leash, ec);
  if (ec) return {};
  what.message.lead_with(std::move(file), std::move(leash));
  if (what.contained) expect_in_page(what);
  what.counted = debt{owed_};
  what.place = place_for(run, id);
  what.companion = make_companion(id);
  what.run = std::move(run);
  request_map one;
  one.emplace(id, std::move(what));
  return one.extract(one.begin());
}

/// Has the number of the child stand in its page, of the helper if that makes the child: nothing
/// that is not to be trusted runs in it before the program knows the number.
void template_process::expect_in_page(request& what) noexcept {
  posix::child_page_data& page = *what.page.data();
  what.process->expect(page.pid, what.contained ? &page.helper : nullptr, what.leads_group);
  what.birth_in_page = true;
}

/// Has the standby child run the call, if there is one.
bool template_process::launch_standby(const std::shared_ptr<supervise::supervisor>& run,
                                      const fork_message& message, const options& opts) {
  auto standby = take_standby();
  if (!standby) return false;
  // Everything that needs memory comes before the child is told to run the call.
  auto const id = standby->id();
  auto place = place_for(run, id);
  auto ending = make_companion(id);
  auto step =
      supervise::strand::prepare([self = shared_from_this(), place = std::move(place)]() mutable {
        auto const weak = place.mapped();
        self->running_.insert(std::move(place));
        if (auto const running = weak.lock(); running && self->closed_)
          running->abort(self->why_it_ends());
        self->await_replies();
        self->order_standby_later();
      });
  auto child = standby->employ(message, opts.kill_tree);
  if (!child) return false;
  run->attach(std::move(ending));
  strand_.post(std::move(step));
  // Another thread may run what is posted above, and have begun to stop the run.
  run->begin_later(std::move(child->process), std::move(child->page));
  return true;
}

/// After what a run that has just begun has to do.
void template_process::order_standby_later() try {
  strand_.post_own([self = shared_from_this()] { self->order_standby(); });
} catch (const std::bad_alloc&) {
  // The end of the run orders one.
}

std::optional<standby_child> template_process::take_standby() {
  std::lock_guard const lock{process_mutex_};
  if (!standby_ || !standby_->is_there()) return std::nullopt;
  // A standby child that has outlived its template is not used.
  if (!process_ || process_->ended()) return std::nullopt;
  std::optional<standby_child> taken{std::move(*standby_)};
  standby_.reset();
  return taken;
}

/// Orders a standby child unless several runs are under way: it would take from their children the
/// time that it is to save.
void template_process::order_standby() {
  membership_.notice_copy();
  if (settings_.ahead == ahead_of_need::nothing || closed_ || !socket_.is_open()) return;
  if (!queued_.empty() || !sent_.empty() || running_.size() > 1) return;
  std::lock_guard const lock{process_mutex_};
  // The template of the program that this process is a copy of is not asked.
  if (standby_ || !process_ || process_->is_elsewhere()) return;
  error_code ec;
  try {
    fork_message order;
    standby_.emplace(next_id(), order, ec);
    if (!ec) posix::send_message(socket_.native_handle(), order.bytes, order.order, false, ec);
  } catch (...) {
    ec = detail::error_of_caught();
  }
  // Without a standby child, a child is made when it is asked for.
  if (ec) standby_.reset();
}

void template_process::standby_answered(const posix::fork_reply& reply) {
  if (reply.pid != 0) return;
  std::lock_guard const lock{process_mutex_};
  if (standby_ && standby_->id() == reply.id) standby_.reset();
}

void template_process::drop_standby() noexcept {
  std::lock_guard const lock{process_mutex_};
  standby_.reset();
}

/// After the template, which makes the namer.
void template_process::drop_namer() {
  std::shared_ptr<template_process> dropped;
  {
    std::lock_guard const lock{process_mutex_};
    dropped.swap(namer_);
  }
  if (dropped) dropped->close();
}

void template_process::enqueue(request_map::node_type what) {
  // A cancellation from here on is told to cancelled_in_queue().
  if (closed_ || what.mapped().run->cancelled_before_begin())
    return what.mapped().run->fail(asio::error::operation_aborted, making);
  queued_.insert(std::move(what));
  send_queued();
}

void template_process::send_queued() {
  membership_.notice_copy();
  bool is_asked_enough = false;
  while (!queued_.empty() && !waiting_for_room_ && !is_asked_enough && !holds_back()) {
    // Taken out first: a template that has died fails what is in the maps.
    auto first = queued_.extract(queued_.begin());
    bool is_optional = false;
    switch (send(first.mapped())) {
      case sending::sent:
        is_optional = first.mapped().is_optional;
        sent_.insert(std::move(first));
        if (!patient_ && !is_optional) be_patient(0, 0);
        break;
      case sending::refused: break;
      case sending::after_a_reply: is_asked_enough = true; [[fallthrough]];
      case sending::later: queued_.insert(std::move(first)); break;
    }
  }
  if (is_copy_ && !queued_.empty() && !is_made()) hand_over();
  if (preloading_ && is_awaited() && !patient_) be_patient(0, 0);
  await_replies();
}

template_process::sending template_process::send(request& what) {
  if (closed_ || what.run->cancelled_before_begin() || what.run->disowned()) {
    what.run->fail(asio::error::operation_aborted, making);
    return sending::refused;
  }
  // The end of the socket may be yet to come: a child that has just been made may hold the other
  // end for a moment longer.
  if (process_ && !is_there()) died();
  if (!process_ && is_copy_) return sending::later;
  error_code ec;
  if (!process_ && what.is_optional)
    ec = error::server_died;
  else if (!process_)
    start(ec);
  if (ec) {
    what.run->fail(ec, "starting the fork server");
    return sending::refused;
  }
  if (preloading_) return sending::later;
  error_code unmade;
  bool const has_place = what.birth_in_page || give_birth_place(what, ec, unmade);
  if (unmade) {
    what.run->fail(unmade, making);
    return sending::refused;
  }
  if (!has_place && !ec) return sending::after_a_reply;
  if (!ec)
    posix::send_message(socket_.native_handle(), what.message.bytes, what.message.order, false, ec);
  if (!ec) {
    what.message = {};
    return sending::sent;
  }
  if (detail::would_block(ec)) {
    await_room();
    return sending::later;
  }
  if (is_end(ec)) {
    died();
    // A fresh template may do better, once.
    if (!std::exchange(what.tried, true)) return sending::later;
    fail_lost(*what.run);
    return sending::refused;
  }
  what.run->fail(ec, making);
  return sending::refused;
}

/// Gives the template the memory into which the numbers of its children are written.
/// @param unmade why there is no such memory: its EAGAIN does not mean that the socket has no room
void template_process::send_birth_numbers(error_code& ec, error_code& unmade) try {
  posix::descriptor file;
  auto made = posix::birth_numbers::make(file, unmade);
  if (unmade) return;
  auto const order = make_birth_order(std::move(file));
  posix::send_message(socket_.native_handle(), order.bytes, order.order, false, ec);
  if (!ec) birth_numbers_ = std::move(made);
} catch (const std::bad_alloc&) {
  unmade = make_error_code(boost::system::errc::not_enough_memory);
}

/// Sees to it that the request has a place for the number of its child.
/// @return false after an error, and if all places are taken
bool template_process::give_birth_place(request& what, error_code& ec, error_code& unmade) {
  if (!birth_numbers_) send_birth_numbers(ec, unmade);
  if (ec || unmade) return false;
  if (what.birth && what.birth.is_of(*birth_numbers_)) return true;
  auto place = birth_numbers_->take();
  if (!place) return false;
  what.process->expect(place.number(), nullptr, what.leads_group);
  what.message.set_birth_place(place.index());
  what.birth = std::move(place);
  return true;
}

/// Fails a run whose child the template has not made, and will not make.
void template_process::fail_lost(supervise::supervisor& run) {
  if (run.cancelled_before_begin()) return run.fail(asio::error::operation_aborted, making);
  auto const why = why_it_ends();
  // A template that could not prepare itself has said why.
  if (why == error::server_died && page_.data() != nullptr &&
      page_.stage() == logic::child_stage::setup_failed)
    return run.fail({page_.setup_error(), boost::system::system_category()},
                    posix::to_string(page_.failed_step()));
  run.fail(why, making);
}

void template_process::await_room() {
  waiting_for_room_ = true;
  socket_.async_wait(supervise::stream_descriptor::wait_write,
                     supervise::on_reserve(strand_, [self = shared_from_this()](const error_code&) {
                       self->waiting_for_room_ = false;
                       self->send_queued();
                     }));
}

// Replies

void template_process::await_replies() {
  if (reading_ || !socket_.is_open() || is_idle()) return;
  reading_ = true;
  socket_.async_wait(
      supervise::stream_descriptor::wait_read,
      supervise::on_reserve(strand_, [self = shared_from_this()](const error_code& ec) {
        self->reading_ = false;
        self->membership_.notice_copy();
        if (!ec) self->read_replies();
        // Each reply has made room for another request.
        if (self->queued_.empty())
          self->await_replies();
        else
          self->send_queued();
      }));
}

/// Whether nothing is awaited from the template.
bool template_process::is_idle() const noexcept {
  return sent_.empty() && running_.empty() && (!preloading_ || !is_awaited());
}

void template_process::be_patient(std::uint64_t oldest_before, int looks) {
  patient_ = true;
  patience_timer_.expires_after(between_looks);
  try {
    patience_timer_.async_wait(supervise::on_reserve(
        strand_, [self = shared_from_this(), oldest_before, looks](const error_code&) {
          self->lose_patience(oldest_before, looks);
        }));
  } catch (const std::bad_alloc&) {
    // Without memory for a timer the next request tries again.
    patient_ = false;
  }
}

void template_process::lose_patience(std::uint64_t oldest_before, int looks) {
  patient_ = false;
  membership_.notice_copy();
  if (preloading_) return look_at_preload(looks);
  if (sent_.empty()) return;
  if (!has_ended_unreported()) {
    auto const oldest = sent_.begin()->first;
    if (oldest != oldest_before) return be_patient(oldest, 0);
    int const looked = looks + (process_ && process_->stopped() ? stopped_weight : 1);
    if (looked < most_looks) return be_patient(oldest, looked);
  }
  died();
  send_queued();
}

void template_process::read_replies() {
  // In a copy of the program this is still the original's socket.
  if (disowning_) return;
  posix::fork_reply reply;
  while (socket_.is_open()) {
    error_code ec;
    int sender = not_told;
    auto const bytes = posix::receive_message(socket_.native_handle(),
                                              std::as_writable_bytes(std::span{&reply, 1}), none_,
                                              false, ec, &sender);
    if (detail::would_block(ec)) return;
    // Other handlers get their turn before the next message, of which there may be many.
    if (sender != not_told && !is_template(sender)) return none_.clear();
    if (preloading_) {
      posix::preload_result result;
      if (ec || bytes.size() != sizeof result) return preload_ended();
      std::memcpy(&result, bytes.data(), sizeof result);
      take_preloaded(result);
      continue;
    }
    if (ec || bytes.size() != sizeof reply) {
      died();
      return send_queued();
    }
    take_reply(reply);
  }
}

/// Whether a sender is the template. A process that a preload has left may have the template's
/// socket, too, and is not heard. One with CAP_SYS_ADMIN could name any process as the sender, but
/// could do to the template itself what it likes.
bool template_process::is_template(int sender) noexcept {
  // The kernel has written the number of the template before that could send anything.
  adopt_expected();
  return sender == pid_;
}

void template_process::take_reply(const posix::fork_reply& reply) {
  auto const node = sent_.extract(reply.id);
  if (!node) return take_late_reply(reply);
  request& what = node.mapped();
  if (sent_.empty()) patience_timer_.cancel();
  if (reply.pid == 0) {
    error_code ec = error::unknown_function;
    if (reply.error != 0) ec.assign(reply.error, boost::system::system_category());
    what.run->fail(ec, making);
    return rest();
  }
  using clock = std::chrono::steady_clock;
  if (what.contained) what.process->set_keeper_group(reply.pid);
  int const pid = what.contained ? posix::await_helper(reply.pid, what.page) : reply.pid;
  if (what.leads_group) posix::sys.setpgid(pid, pid);
  what.process->adopt(pid, what.leads_group, clock::time_point{clock::duration{reply.began}});
  if (what.contained) posix::confirm_adoption(what.page);
  running_.insert(std::move(what.place));
  what.run->attach(std::move(what.companion));
  what.run->begin_later(std::move(what.process), std::move(what.page));
  order_standby();
}

void template_process::ended(std::uint64_t id) {
  running_.erase(id);
  order_standby();
  rest();
}

/// Stops waiting for replies when nothing is under way: the wait would keep the event loop at work.
void template_process::rest() {
  if (queued_.empty() && waits_to_retry_) retry_timer_.cancel();
  if (preloading_ && !is_awaited()) patience_timer_.cancel();
  if (!reading_ || !is_idle()) return;
  error_code ignored;
  socket_.cancel(ignored);
}

// The preload

/// Whether no request can be sent now: the template preloads, or is to do so again later, or the
/// original is to make it first.
bool template_process::holds_back() {
  if (is_copy_) return !is_made();
  if (preloading_ || failing_) return true;
  if (process_ || std::chrono::steady_clock::now() >= retry_at_) return false;
  retry_later();
  return true;
}

/// The end of the socket tells the end of the template, unless a process that the preload has left
/// holds the other end. A stopped one is ended, and so is a seed that does not make one.
void template_process::look_at_preload(int looks) {
  if (!is_awaited()) return;
  if (!is_there() || has_ended_unreported()) return preload_ended();
  auto const seed = current_seed();
  // The program does not read it before the end, and a preload may write without end.
  posix::drop_beginning(preloading_->err.get(), capture{}.limit);
  if (process_->expected())
    looks += seed && seed->stopped() ? stopped_weight : 1;
  else if (process_->stopped())
    looks += stopped_weight;
  else
    looks = 0;
  if (looks < most_looks) return be_patient(0, looks);
  if (process_->expected()) {
    if (seed) seed->end();
    return preload_ended();
  }
  process_->terminate();
  be_patient(0, looks);
}

void template_process::end_preload() {
  strand_.post_own([self = shared_from_this()] {
    if (!self->preloading_ || !self->is_there()) return;
    auto const seed = self->current_seed();
    if (!self->process_->expected())
      self->process_->terminate();
    else if (seed)
      seed->end();
  });
}

void template_process::take_preloaded(const posix::preload_result& result) {
  // Processes that the preload has left end with the template's group.
  if (result.left_processes == 0) process_->spare_group();
  huge_bytes_ = result.huge_bytes;
  failed_preloads_ = 0;
  preloading_.reset();
  patience_timer_.cancel();
  ready_ = true;
  try {
    if (auto found = posix::object_map::of_process(pid()))
      set_loaded(std::make_shared<const posix::object_map>(std::move(*found)));
  } catch (const std::bad_alloc&) {
    // Code that the preload has loaded has no names.
  }
  tell_ready({});
  send_queued();
  revive_copies();
}

/// Says what the template has loaded, and the namer, which is made by it.
void template_process::set_loaded(std::shared_ptr<const posix::object_map> loaded) {
  std::lock_guard const lock{process_mutex_};
  if (namer_) namer_->set_loaded(loaded);
  loaded_ = std::move(loaded);
}

void template_process::async_ready(std::function<void(const error_code&)> then) {
  strand_.post_own([self = shared_from_this(), then = std::move(then)]() mutable {
    try {
      self->awaiting_ready_.push_back(then);
    } catch (const std::bad_alloc&) {
      return then(make_error_code(boost::system::errc::not_enough_memory));
    }
    if (self->closed_)
      self->tell_ready(asio::error::operation_aborted);
    else if (self->preloading_ || self->failing_)
      self->send_queued();
    else
      self->tell_ready(self->ready_ ? error_code{} : error::preload_failed);
  });
}

void template_process::tell_ready(const error_code& ec) {
  for (auto const& then : std::exchange(awaiting_ready_, {})) then(ec);
}

/// The template has ended its socket, and ends. Its run finds out how.
void template_process::preload_ended() {
  auto begun = std::move(*preloading_);
  preloading_.reset();
  patience_timer_.cancel();
  close_socket();
  adopt_expected();
  auto const process = process_;
  if (process->expected()) {
    auto const seed = current_seed();
    error_code const refused = seed ? seed->refusal(begun.order) : error_code{};
    return preload_failed({}, refused ? refused : make_error_code(error::server_died), {});
  }
  auto const run = begun.run;
  try {
    run->async_own(asio::bind_executor(
        strand_, [self = shared_from_this(), run = std::weak_ptr{run}, err = std::move(begun.err)](
                     const error_code& ec, detail::report what) {
          // Not in a copy of the program, and not after close().
          if (self->failing_ && self->failing_ == run.lock())
            self->preload_failed(err, ec, std::move(what));
        }));
  } catch (const std::bad_alloc&) {
    return preload_failed({}, make_error_code(boost::system::errc::not_enough_memory), {});
  }
  failing_ = run;
  run->begin_later(std::move(process), std::move(page_));
  limit_dying(run);
}

/// A template that has closed its socket and goes on is of no use.
void template_process::limit_dying(const std::shared_ptr<supervise::supervisor>& run) try {
  patience_timer_.expires_after(longest_dying);
  patience_timer_.async_wait(
      supervise::on_reserve(strand_, [run = std::weak_ptr{run}](const error_code& ec) {
        if (auto const dying = run.lock(); dying && !ec) dying->abort(asio::error::timed_out);
      }));
} catch (const std::bad_alloc&) {
  run->abort(make_error_code(boost::system::errc::not_enough_memory));
}

/// @param err what the template has written to its stderr
/// @param how the error of the template's run, if it has one
void template_process::preload_failed(const posix::descriptor& err, const error_code& how,
                                      detail::report what) {
  patience_timer_.cancel();
  failing_.reset();
  drop_process();
  drop_namer();
  ++failed_preloads_;
  retry_at_ = std::chrono::steady_clock::now() + logic::time_until_retry(failed_preloads_);
  error_code const ec = how                       ? how
                        : was_ended(what.summary) ? make_error_code(error::server_died)
                                                  : make_error_code(error::preload_failed);
  try {
    if (!how) {
      what.summary.reason = describe_end("preloading", what);
      // No value, and no exception either.
      if (what.summary.how == ending::undelivered && what.kind == detail::payload_kind::none)
        what.summary.reason += "; a preload must leave the descriptors open that it has not opened";
    }
    if (err) what.summary.err = posix::read_end(err.get(), capture{}.limit);
  } catch (const std::bad_alloc&) {
    // The error is told without its circumstances.
  }
  what.summary.how = ending::not_started;
  what.summary.ran = ran::no;
  what.summary.pid = 0;
  if (what.kind == detail::payload_kind::value) what.kind = detail::payload_kind::none;
  fail_queued(ec, what);
  tell_ready(ec);
}

void template_process::fail_queued(const error_code& ec, const detail::report& why) {
  for (auto& [id, what] : std::exchange(queued_, {})) try {
      what.run->fail(what.run->cancelled_before_begin() ? asio::error::operation_aborted : ec,
                     why.copy());
    } catch (const std::bad_alloc&) {
      what.run->fail(ec, making);
    }
}

void template_process::retry_later() {
  if (waits_to_retry_) return;
  waits_to_retry_ = true;
  try {
    retry_timer_.expires_at(retry_at_);
    retry_timer_.async_wait(
        supervise::on_reserve(strand_, [self = shared_from_this()](const error_code&) {
          self->waits_to_retry_ = false;
          self->send_queued();
        }));
  } catch (const std::bad_alloc&) {
    // Without memory for a timer the next turn of the loop looks.
    asio::post(strand_, [self = shared_from_this()] {
      self->waits_to_retry_ = false;
      self->send_queued();
    });
  }
}

// Cancellation in the queue

void template_process::cancelled_in_queue() noexcept {
  if (queue_check_is_posted_.exchange(true)) return;
  if (auto self = weak_from_this().lock()) queue_check_.post(strand_, std::move(self));
}

void template_process::check_queue() {
  // First: a cancellation from here on posts a check of its own.
  queue_check_is_posted_ = false;
  if (!abandoned_) drop_cancelled();
}

/// Takes the requests out of the queue whose runs have been cancelled.
void template_process::drop_cancelled() {
  membership_.notice_copy();
  for (auto next = queued_.begin(); next != queued_.end();) {
    auto const place = next++;
    if (!place->second.run->cancelled_before_begin()) continue;
    auto const cancelled = queued_.extract(place);
    cancelled.mapped().run->fail(asio::error::operation_aborted, making);
  }
  rest();
}

// Faults

supervise::symbolise_function template_process::symboliser_for(const options& opts) {
  if (!opts.fault_report) return nullptr;
  return [weak = weak_from_this()](const asio::any_io_executor&, const posix::fault_record& fault,
                                   std::function<void(std::string)> then) {
    if (auto const self = weak.lock()) return self->name_frames(fault, std::move(then));
    then(text_of(stack_trace{posix::object_map{}, fault}));
  };
}

void template_process::name_frames(const posix::fault_record& fault,
                                   std::function<void(std::string)> then) {
  std::shared_ptr<const posix::object_map> loaded;
  std::shared_ptr<template_process> namer;
  {
    std::lock_guard const lock{process_mutex_};
    loaded = loaded_;
    namer = namer_;
  }
  if (namer) return namer->name_frames(fault, std::move(then));
  stack_trace trace{*loaded, fault};
  if (trace.unnamed().empty()) return then(text_of(trace));
  auto const what = std::make_shared<lookup>(std::move(trace), std::move(then), strand_);
  strand_.post_own([self = shared_from_this(), what] { self->look_up(what); });
}

void template_process::look_up(const std::shared_ptr<lookup>& what) {
  // A template that owes an answer is asked nothing more.
  if (closed_ || !process_ || !given_up_.empty()) return end_lookup(*what);
  options const opts = naming_options();
  error_code ec;
  try {
    auto run = supervise::supervisor::make(executor_, opts, streams, nullptr, {}, ec);
    if (ec) return end_lookup(*what);
    auto const id = next_id();
    detail::remote_call const call = make_naming_call(what->trace);
    located_call const located{naming_entry_, {}, call.arguments.bytes()};
    fork_message message = launch::make_request(id, located, run->ends(), opts,
                                                sandboxed::before_the_call, nullptr, ec);
    if (ec) return end_lookup(*what);
    auto asked = make_request(run, std::move(message), id, opts, ec);
    if (ec) return end_lookup(*what);
    asked.mapped().is_optional = true;
    // If the template does not answer, no place is lost.
    expect_in_page(asked.mapped());
    run->async_own(asio::bind_executor(
        strand_, [self = shared_from_this(), what](const error_code&, const detail::report& found) {
          self->end_lookup(*what, &found);
        }));
    what->timer.expires_after(longest_naming);
    what->timer.async_wait(
        supervise::on_reserve(strand_, [self = shared_from_this(), what, id](const error_code& e) {
          if (e) return;
          self->give_up(id);
          self->end_lookup(*what);
        }));
    enqueue(std::move(asked));
  } catch (...) {
    end_lookup(*what);
  }
}

void template_process::end_lookup(lookup& what, const detail::report* found) {
  what.timer.cancel();
  if (auto const then = std::exchange(what.then, nullptr))
    then(found != nullptr ? text_of(what.trace, *found) : text_of(what.trace));
}

/// Stops waiting for the answer to an optional request. A child that is made all the same is ended
/// when the answer comes, or with the template.
void template_process::give_up(std::uint64_t id) {
  if (auto const queued = queued_.extract(id)) {
    queued.mapped().run->fail(asio::error::timed_out, making);
  } else if (auto sent = sent_.extract(id)) {
    std::exchange(sent.mapped().run, nullptr)->fail(asio::error::timed_out, making);
    given_up_.insert(std::move(sent));
  } else if (auto const running = running_.find(id); running != running_.end()) {
    if (auto const run = running->second.lock()) run->abort(asio::error::timed_out);
  }
  rest();
}

/// Settles an optional request that was answered too late.
void template_process::take_late_reply(const posix::fork_reply& reply) {
  auto place = given_up_.extract(reply.id);
  if (!place) return standby_answered(reply);
  request& what = place.mapped();
  if (reply.pid != 0) what.process->adopt(reply.pid, what.leads_group, {});
}

// Ends

void template_process::died() {
  close_socket();
  drop_process();
  preloading_.reset();
  if (auto const run = std::exchange(failing_, nullptr)) run->abort(why_it_ends());
  ready_ = false;
  huge_bytes_ = 0;
  birth_numbers_.reset();
  drop_standby();
  drop_namer();
  patience_timer_.cancel();
  auto lost = std::exchange(sent_, {});
  given_up_.clear();
  for (auto& [id, what] : lost) lose(what);
  abort_all(why_it_ends());
}

/// Settles a request that the template has taken and not answered. The template may have made the
/// child, which then runs: the kernel has written its number.
void template_process::lose(request& what) {
  if (!what.process->adopt_expected(std::chrono::steady_clock::now())) return fail_lost(*what.run);
  auto const run = std::move(what.run);
  run->begin_later(std::move(what.process), std::move(what.page));
  run->abort(why_it_ends());
}

error_code template_process::why_it_ends() const {
  if (closed_ || disowning_) return asio::error::operation_aborted;
  return error::server_died;
}

void template_process::abort_all(const error_code& ec) {
  for (auto const& [id, weak] : running_)
    if (auto const run = weak.lock()) run->abort(ec);
}

void template_process::close() {
  membership_.notice_copy();
  closed_ = true;
  {
    std::lock_guard const lock{process_mutex_};
    // First: then the seed makes no template any more.
    seed_.reset();
    // A template that may not be killed ends when its socket is closed. Until then it may be about
    // to make the standby child.
    bool const may_be_killed =
        !process_ || process_->terminate() != boost::system::errc::operation_not_permitted;
    if (process_ && may_be_killed) process_->kill_and_reap();
    if (may_be_killed) standby_.reset();
  }
  drop_namer();
  asio::post(strand_, [self = shared_from_this()] { self->fail_all(); });
}

void template_process::fail_all() {
  died();
  {
    // A copy of the program makes a seed of its own.
    std::lock_guard const lock{process_mutex_};
    seed_.reset();
  }
  tell_ready(why_it_ends());
  for (auto& [id, what] : std::exchange(queued_, {}))
    what.run->fail(asio::error::operation_aborted, making);
}

void template_process::disown() {
  pid_ = 0;
  // If this is a copy of a copy, the step of that may still wait.
  if (disowning_.exchange(true)) return;
  // Before what a use of this copy posts, and after what the original's strand had still to run.
  forgetting_.post(strand_, shared_from_this());
}

void template_process::forget_all() {
  fail_all();
  disowning_ = false;
}

void template_process::abandon() noexcept {
  abandoned_ = true;
  membership_.forget();
  // First: a template that may not be killed ends with it.
  close_socket();
  drop_process();
  preloading_.reset();
  failing_.reset();
  seed_.reset();
  drop_standby();
  awaiting_ready_.clear();
  sent_.clear();
  given_up_.clear();
  queued_.clear();
  running_.clear();
}

}  // namespace isolatte::inline v0_1::launch
