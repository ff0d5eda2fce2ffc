// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_LOGIC_POOL_MACHINE_HPP
#define ISOLATTE_LIB_LOGIC_POOL_MACHINE_HPP

#include "logic/job_queue.hpp"
#include "logic/pool_policy.hpp"
#include "logic/retire_cause.hpp"
#include "logic/run_machine.hpp"
#include "logic/start_backoff.hpp"

#include <boost/intrusive/list.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace isolatte::inline v0_1::logic {

class pool_worker;

/// The reason for which a job ends that no worker is known to have begun.
enum class job_end {
  /// The pool was stopped, or had been before the job came.
  pool_stopped,
  /// No more jobs may wait.
  queue_full,
  /// The pool has given up: its workers do not start.
  gave_up,
  /// The system refuses to make workers, and there is none.
  no_worker,
  /// Two workers had the job as their first, and for two seconds their pages said that they had not
  /// begun it. The job itself could have written that, so whether it ran is unknown.
  not_begun,
  cancelled,
  /// The job's deadline came before a worker had begun it.
  expired,
  /// The job was for one worker, which has left.
  worker_gone,
  /// The program's end of the job's conversation has failed.
  cut_off,
  /// The job was meant for a state that is lost.
  state_lost,
  /// This process is a copy of the program, and the job, or the worker that had it, the original's.
  disowned,
};

/// The reason for which a job ends with its worker.
enum class job_loss {
  /// No job ends with the worker.
  none,
  /// The worker ran the job; pool_worker::stopped_for() tells whether the pool ended the worker.
  ran,
  /// The worker received the arguments; the callable did not run.
  not_received,
  /// Two workers had the job as their first when they ended, and their pages said that they had not
  /// begun it. The job itself could have written that, so it is not given to a third.
  unknown,
};

/// Why the pool ends a worker.
enum class stop_cause {
  /// The pool does not end the worker: the worker ended by itself, or was asked to take no more
  /// jobs.
  none,
  /// The first job has run until its timeout.
  timeout,
  /// The first job was cancelled.
  cancelled,
  /// The pool was stopped.
  pool_stopped,
  /// The bytes from the worker are no reply to its first job.
  malformed_reply,
  /// The worker does not begin the job that it was given, or does not end when asked to.
  unresponsive,
  /// The worker is not ready, and would start with data that the pool has given up, or is one too
  /// many.
  outdated,
  /// The worker has not become ready in time.
  start_timeout,
};

/// Why a worker ended, if the pool did not end it.
enum class worker_end {
  /// For a reason of its own, or because the pool ended it.
  by_itself,
  /// The system refused to make it.
  refused,
  /// With the process that makes workers.
  with_server,
  /// The process that makes workers could not make the state that they all start with.
  unprepared,
};

/// The stage that the shared page of a worker states for a job.
enum class job_stage { not_begun, receiving, begun };

/// The wishes of a job's owner.
struct job_wishes {
  job_rank rank{};
  /// Another job with this key has run in a worker, which is to be preferred. 0: none.
  std::uint64_t key = 0;
  /// If the queue is full, the job waits until there is room.
  bool waits_for_room = false;
  /// The job can be asked to stop, so its worker gets no polite signal for its sake.
  bool listens = false;
  /// The job is given to no worker that has another: what is sent with it must be out of reach of
  /// every other job.
  bool is_never_ahead = false;
};

/// Reads the whole state. Only a test defines it, which has to know when two states are the same.
class pool_inspection;

/// The machine's part of one job. A driver derives its own job from this, and keeps it alive until
/// the job has been completed.
class pool_job : public ranked_job, public boost::intrusive::list_base_hook<> {
 public:
  pool_job() = default;
  pool_job(std::optional<std::chrono::nanoseconds> timeout, std::chrono::nanoseconds grace,
           job_wishes&& wishes = {}) noexcept
      : ranked_job{std::move(wishes.rank)},
        timeout_{timeout},
        grace_{grace},
        key_{wishes.key},
        waits_for_room_{wishes.waits_for_room},
        listens_{wishes.listens},
        is_never_ahead_{wishes.is_never_ahead} {}

  /// The worker that has the job; null if the job waits or is done.
  pool_worker* worker() const noexcept { return worker_; }
  /// Whether the job neither waits nor is with a worker: it is completed, or about to be.
  bool done() const noexcept { return done_; }
  /// Why the pool ends the job's worker, if the reason is this job.
  stop_cause stopped_for() const noexcept { return stopped_for_; }
  /// Why the job was asked to stop: `timeout` or `cancelled`, whichever came first; `none` if it
  /// was not asked. A job that was asked has begun, so it is never taken back.
  stop_cause asked_for() const noexcept { return asked_for_; }
  /// Whether the job asks a worker for its health.
  bool is_check() const noexcept { return is_check_; }

 private:
  friend class pool_machine;
  friend class pool_inspection;

  /// The only worker that may run the job; null: any.
  pool_worker* errand_of_ = nullptr;
  bool is_check_ = false;
  std::optional<std::chrono::nanoseconds> timeout_{};
  std::chrono::nanoseconds grace_{0};
  std::uint64_t key_ = 0;
  bool waits_for_room_ = false;
  bool listens_ = false;
  bool is_never_ahead_ = false;
  pool_worker* worker_ = nullptr;
  /// The job is not admitted yet.
  bool is_outside_ = false;
  /// The deadline has come, and the worker is to be asked whether it has begun the job.
  bool has_expired_ = false;
  bool done_ = false;
  bool was_given_ = false;
  bool was_lost_ = false;
  stop_cause stopped_for_ = stop_cause::none;
  stop_cause asked_for_ = stop_cause::none;
  /// The worker is killed then, if the job that was asked has not ended.
  moment asked_until_{};
  /// The state that the job is meant for.
  std::uint64_t state_ = 0;
  job_end end_ = job_end::pool_stopped;
};

/// The machine's part of one worker. A driver derives its own worker from this, and keeps it alive
/// from started() to ended().
class pool_worker {
  using hook = boost::intrusive::list_member_hook<>;

 public:
  using job_list = boost::intrusive::list<pool_job>;

  /// The worker's jobs, in the order in which it runs them.
  const job_list& jobs() const noexcept { return jobs_; }
  /// Calls a function with each of them, for what the driver's own job has besides.
  template <class F>
  void each_job(F visit) {
    for (pool_job& each : jobs_) visit(each);
  }
  /// The job that the worker runs, or is about to run; null if it has none.
  pool_job* first() noexcept { return jobs_.empty() ? nullptr : &jobs_.front(); }
  /// The moment at which that job became the first.
  moment first_since() const noexcept { return first_since_; }
  /// Whether the worker has run its initializer.
  bool ready() const noexcept { return ready_; }
  /// Why the pool ends the worker.
  stop_cause stopped_for() const noexcept { return stopped_for_; }
  /// Why the worker is given no more jobs, or is to be replaced.
  retire_cause retires_for() const noexcept { return retires_for_; }
  /// Whether the worker goes on to take jobs.
  bool stays() const noexcept { return !worn_ && !retiring_ && stopped_for_ == stop_cause::none; }
  /// A number below the number of workers, which no other worker has at the time; see seating.
  std::optional<std::size_t> slot() const noexcept { return slot_; }

 private:
  friend class pool_machine;
  friend class pool_inspection;

  hook in_workers_;
  hook in_loads_;
  hook in_agenda_;
  hook in_errands_;
  hook in_waiting_;
  job_list jobs_;
  /// Jobs that only this worker may run, and has not been given.
  job_list errands_;
  std::size_t given_ = 0;
  std::uint64_t state_ = 0;
  /// Jobs that it has done, but for errands.
  std::size_t done_ = 0;
  std::optional<std::size_t> slot_{};
  /// The worker counts among those that have its slot or wait for it.
  bool has_claim_ = false;
  /// The worker has the place of its slot, and may take jobs.
  bool is_seated_ = false;
  bool ready_ = false;
  moment started_at_{};
  moment ready_since_{};
  /// Starts in a row that had failed when it became ready.
  unsigned failures_before_ = 0;
  /// The worker's age is too high from then on.
  moment old_at_ = moment::max();
  retire_cause retires_for_ = retire_cause::none;
  bool retiring_ = false;
  bool replaces_another_ = false;
  /// The worker is to be replaced, once another one is ready.
  bool outdated_ = false;
  /// The worker takes no jobs while its replacement starts, but goes on if that fails.
  bool is_suspended_ = false;
  /// The worker was there at the last recycle().
  bool is_of_before_ = false;
  /// The worker takes no more jobs, and retires when it has done those that it has begun.
  bool worn_ = false;
  /// The worker says that its page does not let it begin its first job, and leaves.
  bool left_its_jobs_ = false;
  /// The last of its jobs had begun when another worker wanted it.
  bool keeps_its_jobs_ = false;
  /// The worker takes no job before it has said that it is healthy.
  bool is_in_doubt_ = false;
  /// The worker was to go on, in case that somebody has stopped it.
  bool woken_ = false;
  /// Keys of the jobs that the worker was given last.
  std::array<std::uint64_t, 8> keys_{};
  std::size_t next_key_ = 0;
  stop_cause stopped_for_ = stop_cause::none;
  moment first_since_{};
  moment idle_since_{};
  /// No look before this time found that the first job had begun.
  moment begun_after_{};
  /// When the machine has to look at the worker's first job or at its retirement.
  moment due_ = moment::max();

  // The agenda, in the order in which it is gone through.
  bool recalls_ = false;
  bool reads_ = false;
  bool has_expired_ = false;
  bool is_due_ = false;
  bool wakes_ = false;
  bool is_unresponsive_ = false;
  pool_job* to_end_ = nullptr;
  stop_cause why_to_end_ = stop_cause::none;
  cancel_kind how_to_end_ = cancel_kind::terminate;
  bool asks_for_health_ = false;
  bool tells_to_stop_ = false;
  bool tells_to_retire_ = false;
  cancel_kind how_to_stop_ = cancel_kind::terminate;
  std::chrono::nanoseconds grace_{0};
};

/// The job that ended with its worker.
struct lost_job {
  pool_job* job = nullptr;
  job_loss how = job_loss::none;
  /// The worker counts as one that has not started.
  bool has_failed_to_start = false;
};

/// One thing for the driver to do.
struct pool_action {
  enum class kind {
    /// Nothing is left to be done until the next event.
    rest,
    /// Make a worker, with `slot` if there is one, and answer with started() or start_refused().
    start_worker,
    /// Send the job to the worker.
    give,
    /// Look at what the worker's page says of the job, and answer with stage_is().
    look,
    /// Let the worker go on if somebody has stopped it.
    wake,
    /// Take the job back from the worker's page, and answer with taken_back() or has_begun().
    take_back,
    /// Read what the worker has replied by now: replied() for each, or malformed().
    read_replies,
    /// Ask the worker for its health, by submit_check().
    check_health,
    /// Ask the worker's first job to stop. The worker goes on, and takes other jobs.
    ask_to_stop,
    /// Tell the worker that no more jobs will come.
    retire,
    /// End the worker: `how`, and SIGKILL after `grace`.
    stop,
    /// Recycling has failed: make workers as they were made before the last recycle() that found
    /// proven().
    go_back,
    /// Complete the job with `end`.
    complete,
  };

  kind what = kind::rest;
  pool_worker* worker = nullptr;
  pool_job* job = nullptr;
  cancel_kind how = cancel_kind::terminate;
  std::chrono::nanoseconds grace{0};
  job_end end = job_end::pool_stopped;
  std::optional<std::size_t> slot{};
};

/// Decides for a pool which worker runs which job, and how jobs and workers end.
///
/// Pure: no clock, no process, no I/O, and no allocation but in the constructor and in resize(), so
/// no event can fail half-way. A driver
/// reports events, then performs next() until it says rest. The driver reads a worker's replies
/// before it reports a cancellation, a tick or the worker's end, so that no job that is done is
/// taken for one that runs.
///
/// The invariants, which test/unit/pool_machine.cpp checks along random walks:
/// - a job is completed exactly once: by replied(), by ended(), or by an action `complete`;
/// - a job is with at most one worker, and is given to another only after it has been taken back,
///   or its worker has ended;
/// - nothing is given to a worker that is not ready, is retiring, is being ended or has ended;
/// - a job that is never ahead is the first of its worker from when it is given;
/// - no job is given to a worker whose state is not the one that it is meant for;
/// - a job is asked to stop once at most, and only if it listens and its worker has begun it; then
///   it ends by its reply, or with its worker when its grace is over;
/// - no two workers with jobs have the same slot, but for errands, which need none, and for states
///   of which one follows the other;
/// - after the end of a worker only its first job can have begun, whatever its page says: workers
///   do their jobs in order, and each reply precedes the next beginning.
class pool_machine {
 public:
  using job_list = pool_worker::job_list;

  /// @throws std::bad_alloc
  explicit pool_machine(const pool_policy& policy)
      : policy_{policy}, seats_(policy.workers), backoff_{policy.startup} {}
  ~pool_machine();
  pool_machine(const pool_machine&) = delete;
  pool_machine& operator=(const pool_machine&) = delete;

  // Events

  void submit(pool_job& job, moment now) noexcept;
  /// A job for one worker, which runs it before others that wait.
  void submit_errand(pool_job& job, pool_worker& to, moment now) noexcept;
  /// An errand that asks for the worker's health; the answer is checked(), if the job is done.
  void submit_check(pool_job& job, pool_worker& to, moment now) noexcept;
  void checked(pool_worker& worker, bool is_healthy) noexcept;
  /// A job is not to be run.
  void refuse(pool_job& job, job_end how) noexcept { finish(job, how); }
  /// Cancels a job; has no effect if the job is done. A polite cancellation has none on a job that
  /// was asked to stop before, and `terminate` ends its worker, for the cause it was asked for.
  void cancel(pool_job& job, cancel_kind kind, moment now) noexcept;
  /// The job's conversation has failed. No worker is to begin the job, and one that has begun it is
  /// ended.
  /// @pre the job is not done
  void cut_off(pool_job& job, moment now) noexcept;
  /// Cancels a job that no worker has begun; has no effect on others.
  void withdraw(pool_job& job, moment now) noexcept;
  /// A worker is being made, as `start_worker` asked for.
  /// @param slot that of the action
  void started(pool_worker& worker, std::optional<std::size_t> slot, moment now) noexcept;
  /// The system has refused a worker: before started(), or instead of a worker's ready().
  void start_refused(moment now) noexcept;
  void ready(pool_worker& worker, moment now) noexcept;
  /// The worker's initializer failed, and it leaves.
  void start_failed(pool_worker& worker, moment now) noexcept;
  /// The worker's first job is done.
  /// @param memory what the worker says of itself
  /// @return that job, to be completed by the caller
  pool_job& replied(pool_worker& worker, const worker_memory& memory, moment now) noexcept;
  /// The bytes from the worker are no reply to its first job, or there is no memory for them.
  void malformed(pool_worker& worker) noexcept;
  /// The worker says that its page does not let it begin its first job: something wrote to the
  /// page. The worker begins no other.
  void left_its_jobs(pool_worker& worker) noexcept;
  /// The worker is to be given no more jobs: it is replaced after those that it has begun.
  void wear_out(pool_worker& worker, retire_cause why) noexcept;
  /// Workers that are started from now on are others than those that are there, which are replaced
  /// one after the other. Each takes jobs until its replacement is ready. One that is not ready is
  /// ended.
  void recycle() noexcept;
  /// There are to be so many workers from now on. Workers that are too many leave after the jobs
  /// that they have begun.
  /// @throws std::bad_alloc, and then nothing has changed
  void resize(std::size_t workers);
  /// Ends the workers and starts others, which have another state. Jobs that wait are not run, also
  /// if the state that they wait for has not been made yet.
  void restart() noexcept;
  /// Starts workers again, after the pool has given up or while it waits to start one.
  void resume() noexcept;
  /// Workers are to be there, though there may be no job for them.
  void wake() noexcept;
  void stage_is(job_stage stage) noexcept;
  void taken_back() noexcept;
  void has_begun() noexcept;
  /// The worker has ended; all that it replied has been reported.
  /// @param stage what its page says of its first job, if it has one
  /// @param why the cause, as far as the driver knows it
  /// @return the job that ended with it, to be completed by the caller
  lost_job ended(pool_worker& worker, job_stage stage, worker_end why, moment now) noexcept;
  /// The time wakeup() has come.
  void tick(moment now) noexcept;
  void stop() noexcept;
  /// This process is a copy of the program: completes all jobs, and forgets all workers. More are
  /// started when there is a job for them, but for a pool whose jobs are meant for a state: that is
  /// the original's, and the pool is stopped.
  void disown() noexcept;
  /// Forgets all jobs and workers, and completes none.
  void abandon() noexcept;

  /// The next thing to do.
  pool_action next() noexcept;

  // State

  /// The time at which the driver has to call tick(). Each event may change it.
  moment wakeup() const noexcept;
  bool stopped() const noexcept { return stopped_; }
  /// Whether the pool starts no more workers before resume().
  bool has_given_up() const noexcept { return gave_up_; }
  /// Whether the state is lost, and no worker is started before restart().
  bool stays_lost() const noexcept { return stays_lost_; }
  /// The number of workers that there are to be.
  std::size_t size() const noexcept { return policy_.workers; }
  /// Whether all workers that there should be can take jobs, and none is there that is too many.
  bool stands() const noexcept;
  /// Whether a worker still takes jobs that was there at the last recycle(), or none has become
  /// ready since.
  bool recycling() const noexcept { return recycling_; }
  /// Whether a worker has become ready since the last recycle().
  bool proven() const noexcept { return proven_; }
  /// Whether next() may say go_back.
  bool can_go_back() const noexcept { return can_go_back_; }
  /// Whether no job is left.
  bool idle() const noexcept { return running() == 0 && waiting() == 0 && ending_.empty(); }
  /// Jobs that are first at their workers, but for checks of their health.
  std::size_t running() const noexcept { return busy_ - checks_given_; }
  /// Jobs that wait, with a worker or without, or for admission.
  std::size_t waiting() const noexcept {
    return queued_.size() + outside_.size() + errands_ - checks_waiting_ + given_ - busy_;
  }
  std::size_t workers() const noexcept { return workers_.size(); }
  /// Jobs that have been given to a worker; one that had to be given to another counts once.
  std::uint64_t jobs_started() const noexcept { return jobs_started_; }
  /// Workers that were started to replace another.
  std::uint64_t restarts() const noexcept { return restarts_; }

 private:
  friend class pool_inspection;

  template <boost::intrusive::list_member_hook<> pool_worker::* Hook>
  using worker_list = boost::intrusive::list<
      pool_worker,
      boost::intrusive::member_hook<pool_worker, boost::intrusive::list_member_hook<>, Hook>>;
  using load_list = worker_list<&pool_worker::in_loads_>;

  /// Why a job is being taken back.
  enum class purpose { cancel, withdraw, cut_off, recall, look, unresponsive, steal, expire };
  struct question {
    pool_job* job = nullptr;
    purpose why = purpose::recall;
  };

  /// The place of a slot.
  struct seat {
    pool_worker* holder = nullptr;
    /// Workers that have the slot, or wait for it.
    std::size_t claims = 0;
  };

  pool_action ask(purpose why, pool_job& job) noexcept;
  pool_job& answered() noexcept;
  void on_deadline(pool_job& job, job_stage stage) noexcept;
  void wake(pool_worker& worker) noexcept;
  pool_action give(pool_job& job, pool_worker& to) noexcept;
  /// Takes the next step of the worker's agenda, or takes the worker off the agenda.
  std::optional<pool_action> follow_agenda(pool_worker& worker) noexcept;
  void put_on_agenda(pool_worker& worker) noexcept;

  load_list& list_of(pool_worker& worker) noexcept;
  void enter_loads(pool_worker& worker) noexcept;
  void leave_loads(pool_worker& worker) noexcept;
  pool_worker* choose(const pool_job& job) noexcept;
  pool_worker* choose_by_load() noexcept;
  pool_worker* choose_donor() noexcept;
  pool_worker* choose_outdated() noexcept;
  pool_worker* choose_misplaced() noexcept;
  void stop_unready() noexcept;
  void heed_failed_starts() noexcept;
  void keep_outdated() noexcept;
  void give_up() noexcept;
  void end_recycling() noexcept;
  void replace_when_possible(pool_worker& worker, retire_cause why) noexcept;
  void suspend(pool_worker& worker) noexcept;
  void release_suspended() noexcept;
  void heed_memory(pool_worker& worker, const worker_memory& memory) noexcept;
  void heed_age() noexcept;
  void set_old_at(pool_worker& worker, moment when) noexcept;
  bool may_be_replaced(const pool_worker& worker) const noexcept;
  std::size_t count_able() const noexcept;
  std::size_t count_seated() const noexcept;
  std::size_t count_outdated() const noexcept;
  std::size_t count_outworn() const noexcept;
  std::size_t count_replacements() const noexcept;
  std::size_t count_substitutes() const noexcept;
  std::size_t wanted() const noexcept;
  bool has_unready() const noexcept;
  bool lacks_worker() const noexcept;

  void claim(pool_worker& worker, std::size_t slot) noexcept;
  void take_seat(pool_worker& worker, std::size_t slot) noexcept;
  bool find_seat(pool_worker& worker) noexcept;
  void stop_waiting(pool_worker& worker) noexcept;
  void leave_seat(pool_worker& worker) noexcept;
  void pass_on(std::size_t slot) noexcept;
  std::optional<std::size_t> choose_slot() const noexcept;
  bool may_start() const noexcept;
  bool may_shrink() const noexcept;

  void put_errand(pool_job& job) noexcept;
  void drop_errands(pool_worker& worker) noexcept;
  pool_job* choose_errand() noexcept;

  pool_job& first_queued() noexcept { return static_cast<pool_job&>(queued_.front()); }
  void enter_queue(pool_job& job) noexcept;
  void leave_queue(pool_job& job) noexcept;
  void send_none_ahead() noexcept;
  bool has_room_for_one() const noexcept;
  static bool has_key(const pool_worker& worker, std::uint64_t key) noexcept;
  void expire() noexcept;
  void end_for_time(pool_job& job) noexcept;
  void mark_done(pool_job& job) noexcept;
  void lose_state(const pool_worker& worker) noexcept;
  void unlink(pool_job& job) noexcept;
  pool_worker& take_from_worker(pool_job& job) noexcept;
  void requeue(pool_job& job) noexcept;
  void replace(const pool_worker& worker, bool has_started) noexcept;
  bool count_start(const pool_worker& worker, bool expected, worker_end why) noexcept;
  void finish(pool_job& job, job_end how) noexcept;
  void refuse_all(job_end how) noexcept;
  void forget_workers() noexcept;
  void end_for(pool_job& job, stop_cause why, cancel_kind kind) noexcept;
  static bool is_to_be_asked(const pool_job& job, cancel_kind kind) noexcept;
  static bool was_asked(const pool_job& job) noexcept;
  static moment asked_until(const pool_job& job) noexcept;
  pool_action ask_to_stop(pool_job& job, stop_cause why) noexcept;
  void stop(pool_worker& worker, stop_cause why, cancel_kind kind,
            std::chrono::nanoseconds grace) noexcept;
  void retire(pool_worker& worker, retire_cause why) noexcept;
  static bool is_leaving(const pool_worker& worker) noexcept;
  static bool goes_on(const pool_worker& worker) noexcept;
  void first_changed(pool_worker& worker) noexcept;
  void set_due(pool_worker& worker, moment when) noexcept;
  void rest_or_retire(pool_worker& worker) noexcept;

  pool_policy policy_;
  moment now_{};

  job_queue queued_;
  /// Jobs that wait for room in the queue.
  job_list outside_;
  job_list ending_;
  deadline_set deadlines_;
  worker_list<&pool_worker::in_workers_> workers_;
  worker_list<&pool_worker::in_agenda_> agenda_;
  /// Workers with errands that they have not been given.
  worker_list<&pool_worker::in_errands_> with_errands_;
  /// How many errands they have.
  std::size_t errands_ = 0;
  /// Checks among those, and among the jobs that workers have: such a worker has no other job.
  std::size_t checks_waiting_ = 0;
  std::size_t checks_given_ = 0;
  /// Workers that are ready, in the order in which they have become so, and have no seat.
  worker_list<&pool_worker::in_waiting_> without_seat_;
  /// By slot. There may be more of them than there are workers to be.
  std::vector<seat> seats_;
  /// Workers that may be given jobs, by how many they have, which is less than the depth. The idle
  /// ones stand in the order in which they became idle.
  std::array<load_list, max_depth> takers_;
  /// Workers that do their jobs and may be given no more for now.
  load_list full_;
  question asked_;
  pool_job* cancelled_ = nullptr;
  cancel_kind how_cancelled_ = cancel_kind::terminate;
  /// `cancel`, `withdraw` or `cut_off`.
  purpose why_cancelled_ = purpose::cancel;

  /// Jobs with workers.
  std::size_t given_ = 0;
  /// Workers with jobs.
  std::size_t busy_ = 0;
  /// Workers that are neither retiring nor being ended.
  std::size_t alive_ = 0;
  /// Workers that have been told to retire and are still there. While there are many, none is
  /// started: jobs whose exit handlers hang would fill the machine with processes.
  std::size_t leaving_ = 0;
  std::size_t to_replace_ = 0;
  std::uint64_t jobs_started_ = 0;
  std::uint64_t restarts_ = 0;

  /// A worker gets no job before it has done the last one: an urgent job would come after those
  /// that workers have.
  bool sends_none_ahead_ = false;
  bool stopped_ = false;
  bool gave_up_ = false;
  /// No worker is started before the next job.
  bool dormant_ = false;
  /// The state that jobs are meant for from now on.
  std::uint64_t state_ = 0;
  /// The state is lost, and no worker is started before restart().
  bool stays_lost_ = false;
  bool recycling_ = false;
  /// There may be workers that are outdated.
  bool replaces_ = false;
  bool proven_ = false;
  bool can_go_back_ = false;
  bool goes_back_ = false;
  start_backoff backoff_;
  std::uint64_t births_ = 0;
  /// No worker is due before this; it may be earlier than the first that is.
  moment first_due_ = moment::max();
  /// No worker is too old before this; the same.
  moment first_old_ = moment::max();
};

}  // namespace isolatte::inline v0_1::logic

#endif
