// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "handle.hpp"
#include "job.hpp"

#include <isolatte/call.hpp>

namespace soak {

namespace {

template <class R>
void launch_pool_with(const std::shared_ptr<job>& what) {
  auto const opts = what->pool_options();
  auto const deed = isolatte::call(perform<R>, what->what.what);
  auto& in = what->in;
  if (what->what.by == launcher::pool_spawn) {
    run_by_handle<R>(what, [&] { return in.warm_pool->spawn_job(deed, opts); });
    return;
  }
  auto& pool = what->what.by == launcher::fresh_pool    ? *in.fresh_pool
               : what->what.by == launcher::placed_pool ? *in.placed_pool
               : what->what.by == launcher::rough_pool  ? *in.rough_pool
                                                        : *in.warm_pool;
  {
    allocations_may_fail const fail;
    pool.async_run(deed, opts, what->handler<R>());
  }
  what->arm_cancellation();
}

}  // namespace

void launch_pool(const std::shared_ptr<job>& what) {
  with_value_type(what->what.kind,
                  [&]<class R>(std::type_identity<R>) { launch_pool_with<R>(what); });
}

}  // namespace soak
