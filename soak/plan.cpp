// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "plan.hpp"

#include "conversation.hpp"
#include "support/sanitizers.hpp"

#include <array>
#include <ostream>

namespace soak {

namespace {

using isolatte::test::malloc_refuses;
using isolatte::test::with_asan;
using isolatte::test::with_tsan;
using std::chrono::microseconds;

constexpr std::array stop_names = {"none",         "terminal",  "partial", "total",   "terminate",
                                   "request_exit", "interrupt", "suspend", "destroy", "kill"};

template <class T>
struct weighted {
  T what;
  unsigned weight;
};

template <class T, std::size_t Count>
T choose(numbers& random, const weighted<T> (&choices)[Count]) {
  std::uint64_t sum = 0;
  for (auto const& each : choices) sum += each.weight;
  std::uint64_t left = random.below(sum);
  for (auto const& each : choices) {
    if (left < each.weight) return each.what;
    left -= each.weight;
  }
  return choices[0].what;
}

constexpr weighted<launcher> launchers[] = {
    {launcher::async_fork, 50},   {launcher::blocking_fork, 15},   {launcher::spawn_child, 25},
    {launcher::server, 45},       {launcher::quiet_server, 6},     {launcher::loaded_server, 40},
    {launcher::boxed_server, 12}, {launcher::server_spawn, 20},    {launcher::warm_pool, 420},
    {launcher::fresh_pool, 50},   {launcher::placed_pool, 120},    {launcher::rough_pool, 40},
    {launcher::pool_spawn, 40},   {launcher::fork_map, 3},         {launcher::pool_map, 15},
    {launcher::resident, 25},     {launcher::served_resident, 25}, {launcher::program, 10},
    {launcher::everywhere, 4},    {launcher::manage, 2},           {launcher::talk_fork, 12},
    {launcher::talk_server, 12},  {launcher::talk_pool, 40},       {launcher::talk_listener, 15}};

// Deeds that any process survives, or that cost only itself.
constexpr weighted<act> usual_acts[] = {{act::compute, 500},       {act::pause, 60},
                                        {act::flood, 12},          {act::nest, 3},
                                        {act::throw_standard, 20}, {act::throw_own, 20},
                                        {act::throw_nested, 15},   {act::throw_number, 15},
                                        {act::exit_by_code, 12},   {act::quick_exit_by_code, 6},
                                        {act::exit_in_thread, 4},  {act::abort, 4},
                                        {act::segfault, 4},        {act::divide, 2},
                                        {act::overflow_stack, 2},  {act::abort_in_thread, 2},
                                        {act::kill_itself, 6},     {act::signal_itself, 6},
                                        {act::too_large, 6},       {act::hang, 10},
                                        {act::hang_deaf, 3},       {act::stop_itself, 3},
                                        {act::garble, 3},          {act::scribble, 3},
                                        {act::close_all, 3}};

// Deeds whose traces would harm the next job of the same process.
constexpr weighted<act> lonely_acts[] = {
    {act::cling, 20}, {act::escape, 6},   {act::leave_thread, 10}, {act::hire_assassin, 20},
    {act::garble, 6}, {act::scribble, 6}, {act::close_all, 6},     {act::forge, 12}};

// Deeds of jobs whose process is to go on after an attack.
constexpr weighted<act> rough_acts[] = {
    {act::compute, 60}, {act::pause, 10},   {act::throw_own, 5}, {act::garble, 2},
    {act::forge, 6},    {act::scribble, 3}, {act::close_all, 1}, {act::too_large, 1}};

// Deeds that need options of their own.
constexpr weighted<act> limited_acts[] = {
    {act::echo_input, 40}, {act::demand_memory, 10}, {act::write_too_much, 10}, {act::burn, 1},
    {act::find_kept, 10},  {act::miss_kept, 10},     {act::forbidden_call, 10}};

constexpr act program_acts[] = {act::compute,     act::compute,       act::exit_by_code,
                                act::kill_itself, act::signal_itself, act::echo_input,
                                act::hang,        act::demand_memory};

act choose_act(numbers& random, launcher by, const abilities& can) {
  for (;;) {
    act what = choose(random, usual_acts);
    if (is_rough(by))
      what = choose(random, rough_acts);
    else if (takes_options(by) && random.one_in(6))
      what = choose(random, limited_acts);
    else if (!is_shared(by) && random.one_in(10))
      what = choose(random, lonely_acts);
    else if ((by == launcher::loaded_server || by == launcher::fresh_pool) && random.one_in(3))
      what = act::find_preload;
    else if (by == launcher::placed_pool && random.one_in(4))
      what = random.one_in(4) ? act::retire : act::find_slot;
    if (is_possible(what, can)) return what;
  }
}

microseconds some_time(numbers& random, std::uint64_t most_ms) {
  return microseconds{random.between(100, most_ms * 1000)};
}

void choose_size(numbers& random, plan& made) {
  std::uint64_t size = random.between(1, 200);
  switch (made.kind) {
    case value_kind::number: break;
    case value_kind::structure:
      if (random.one_in(10)) size = random.between(1, 100'000);
      break;
    case value_kind::bulk:
      size = random.one_in(4) ? random.between(1, 4 << 20) : random.between(1, 100'000);
      if (random.one_in(60)) size = random.between(4 << 20, 64 << 20);
      break;
  }
  if (made.what.what == act::too_large) size = random.between(200'000, 300'000);
  if (made.what.what == act::flood)
    size = random.one_in(8) ? random.between(1, 2 << 20) : random.between(1, 50'000);
  if (made.what.what == act::echo_input) size = random.between(0, 200'000);
  made.what.size = static_cast<std::uint32_t>(size);
}

void choose_stop(numbers& random, plan& made) {
  bool const must = !ends_by_itself(made.what.what);
  if (made.by == launcher::manage || made.by == launcher::everywhere) return;
  if (!must && (made.timeout || !random.one_in(25))) return;
  made.stop_after = some_time(random, must ? 60 : 8);
  if (made.by != launcher::program && random.one_in(3)) made.grace = some_time(random, 30);
  bool const by_time = made.by == launcher::blocking_fork || random.one_in(2);
  if (by_time) {
    made.timeout = made.stop_after;
    if (must && made.by != launcher::blocking_fork && is_handle(made.by) && random.one_in(4))
      made.stopped = stop::suspend_and_resume;
    return;
  }
  constexpr stop by_slot[] = {stop::cancel_terminal, stop::cancel_partial, stop::cancel_total};
  constexpr stop by_handle[] = {stop::terminate,      stop::request_exit,
                                stop::interrupt,      stop::suspend_and_resume,
                                stop::destroy_handle, stop::kill_from_outside};
  made.stopped = is_handle(made.by) ? random.one_of(by_handle) : random.one_of(by_slot);
  // Some of these leave a job alone, or are refused by one that is deaf or stopped.
  bool const is_certain = made.stopped == stop::terminate || made.stopped == stop::destroy_handle ||
                          cancels(made.stopped);
  if (must && !is_certain) made.timeout = made.stop_after + std::chrono::milliseconds{100};
}

/// Whether a job that talks has a process of its own.
bool is_alone(const plan& made) {
  if (made.by == launcher::talk_listener) return made.variant % 3 < 2;
  return made.by != launcher::talk_pool;
}

/// A job that talks does so in some manner. One that obeys has to be asked.
void choose_manner(numbers& random, plan& made, const abilities& can) {
  made.variant = static_cast<std::uint32_t>(random.next());
  made.count = static_cast<std::uint32_t>(random.between(1, 16));
  if (!is_conversation(made.by)) return;
  constexpr manner one_way[] = {manner::tell, manner::tell_and_act, manner::progress};
  auto how = static_cast<manner>(random.below(static_cast<std::uint64_t>(manner::end)));
  if (made.by == launcher::talk_listener) how = random.one_of(one_way);
  made.manner = static_cast<std::uint32_t>(how);
  constexpr std::size_t windows[] = {1, 5000, 64 << 10, 1 << 20};
  made.message_window = random.one_of(windows);
  if (how == manner::tell_and_act) {
    constexpr act ends[] = {act::abort,  act::exit_by_code, act::throw_own, act::kill_itself,
                            act::garble, act::scribble,     act::close_all};
    made.what.what = random.one_in(4) && is_alone(made) ? act::forge : random.one_of(ends);
    if (!is_possible(made.what.what, can)) made.what.what = act::garble;
  }
  if (how == manner::obey && made.variant % 3 == 0) {
    made.timeout = some_time(random, 40);
    made.grace = some_time(random, 100);
  }
}

void choose_streams(numbers& random, plan& made) {
  constexpr sink_kind kinds[] = {sink_kind::discard,   sink_kind::inherit, sink_kind::capture,
                                 sink_kind::by_line,   sink_kind::file,    sink_kind::append,
                                 sink_kind::descriptor};
  constexpr source_kind sources[] = {source_kind::text, source_kind::file, source_kind::descriptor};
  made.in = random.one_of(sources);
  made.out_limit = random.between(1, 100'000);
  made.err_limit = random.between(1, 100'000);
  if (takes_options(made.by)) {
    if (made.what.what != act::flood && !random.one_in(4)) return;
    made.out = random.one_of(kinds);
    made.err = random.one_of(kinds);
  } else if (made.by == launcher::warm_pool || made.by == launcher::pool_spawn) {
    // A pool has one choice for all jobs.
    made.out = made.err = sink_kind::capture;
    made.out_limit = warm_out_limit;
    made.err_limit = warm_err_limit;
  }
}

/// Whether a job starts no process, and harms none.
bool is_harmless(act what) {
  switch (what) {
    case act::compute:
    case act::pause:
    case act::flood:
    case act::throw_own:
    case act::exit_by_code:
    case act::abort:
    case act::hang: return true;
    default: return false;
  }
}

void choose_options(numbers& random, plan& made) {
  made.fault_report = random.one_in(4);
  if (!takes_options(made.by)) return;
  made.early = !is_handle(made.by) && random.one_in(10);
  // Whatever the job starts would be left.
  if (!is_harmless(made.what.what)) return;
  made.kill_tree = !random.one_in(6);
  made.die_with_parent = !random.one_in(6);
}

void choose_queueing(numbers& random, plan& made) {
  if (!is_queued(made.by)) return;
  if (random.one_in(20)) made.deadline = some_time(random, 40);
  made.may_wait = random.one_in(2);
  if (random.one_in(10)) made.priority = static_cast<int>(random.below(4));
}

}  // namespace

std::string_view name_of(stop what) noexcept { return stop_names[static_cast<std::size_t>(what)]; }

bool is_possible(launcher by, const abilities& can) noexcept {
  return by != launcher::boxed_server || can.sandboxes;
}

bool is_possible(act what, const abilities& can) noexcept {
  switch (what) {
    case act::demand_memory: return malloc_refuses;
    case act::overflow_stack: return !with_asan && !with_tsan;
    case act::scribble: return !with_asan && !with_tsan;
    case act::forbidden_call: return can.sandboxes && !with_tsan;
    // ThreadSanitizer's own process end waits for threads.
    case act::leave_thread:
    case act::exit_in_thread:
    case act::abort_in_thread: return !with_tsan;
    default: return true;
  }
}

plan make_plan(std::uint64_t seed, std::uint64_t index, phase during, const abilities& can) {
  numbers random{seed, 2, index};
  plan made;
  made.index = index;
  made.during = during;
  made.by = choose(random, launchers);
  if (!is_possible(made.by, can)) made.by = launcher::server;
  made.kind = random.one_of({value_kind::number, value_kind::number, value_kind::number,
                             value_kind::structure, value_kind::structure, value_kind::bulk});
  made.what.number = index;
  made.what.what = choose_act(random, made.by, can);
  if (made.by == launcher::program) made.what.what = random.one_of(program_acts);
  if (made.by == launcher::everywhere || made.by == launcher::manage || is_conversation(made.by))
    made.what.what = act::compute;
  // A pure sandbox forbids what these need.
  if (made.by == launcher::boxed_server) {
    constexpr act boxed[] = {act::compute,        act::throw_own, act::exit_by_code, act::abort,
                             act::forbidden_call, act::hang,      act::pause};
    made.what.what = random.one_of(boxed);
    if (!is_possible(made.what.what, can)) made.what.what = act::compute;
  }
  if (made.what.what == act::too_large) made.kind = value_kind::bulk;
  choose_manner(random, made, can);
  choose_size(random, made);
  made.what.microseconds = static_cast<std::uint32_t>(random.between(1, 4000));
  // An attacker leaves a process alone that others share.
  bool const may_return = is_conversation(made.by) ? is_alone(made) : !is_shared(made.by);
  if (natural_end_of(made.what).any && (is_rough(made.by) || (may_return && random.one_in(2))))
    made.what.microseconds = 0;
  choose_stop(random, made);
  choose_streams(random, made);
  // An attack may keep the job from ending: it may have damaged what tells its process to leave.
  bool const may_be_kept = natural_end_of(made.what).any || is_rough(made.by);
  if (may_be_kept && !made.timeout) made.timeout = microseconds{500'000};
  choose_options(random, made);
  made.sandboxed = made.what.what == act::forbidden_call && made.by != launcher::boxed_server;
  choose_queueing(random, made);
  return made;
}

work element_of(const plan& map, std::uint32_t nth) {
  numbers random{map.what.number, 3, nth};
  constexpr weighted<act> acts[] = {{act::compute, 100},   {act::pause, 10},
                                    {act::throw_own, 4},   {act::exit_by_code, 4},
                                    {act::kill_itself, 2}, {act::throw_nested, 2}};
  return {.number = map.what.number * 100 + nth,
          .what = choose(random, acts),
          .size = 100,
          .microseconds = static_cast<std::uint32_t>(random.between(1, 2000))};
}

std::ostream& operator<<(std::ostream& to, const plan& what) {
  to << "job " << what.index << " (" << name_of(what.during) << ") by " << name_of(what.by) << ": "
     << name_of(what.what.what) << " kind " << static_cast<int>(what.kind) << " size "
     << what.what.size << " us " << what.what.microseconds;
  if (what.timeout) to << " timeout " << what.timeout->count();
  if (what.deadline) to << " deadline " << what.deadline->count();
  if (what.grace.count() != 0) to << " grace " << what.grace.count();
  if (what.stopped != stop::none)
    to << " stopped by " << name_of(what.stopped) << " after " << what.stop_after.count();
  if (what.early) to << " early";
  if (what.sandboxed) to << " sandboxed";
  if (!what.kill_tree) to << " without its tree";
  if (!what.die_with_parent) to << " without a leash";
  to << " streams " << static_cast<int>(what.out) << ',' << static_cast<int>(what.err) << " count "
     << what.count << " variant " << what.variant << " manner " << what.manner;
  return to;
}

}  // namespace soak
