// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include <isolatte/callbacks.hpp>

namespace isolatte::inline v0_1::detail {

callback_plan plan_callbacks(const outcome_base& outcome) {
  callback_plan plan;
  plan.finish = true;
  plan.exception = outcome.exception();
  plan.number = outcome.signal().value_or(outcome.exit_code().value_or(0));
  plan.code = outcome.signal() ? 128 + plan.number : plan.number;
  switch (outcome.how()) {
    case ending::not_started:
      plan.error = plan.exception != nullptr;
      plan.finish = false;
      break;
    case ending::returned: plan.success = true; break;
    case ending::threw:
    case ending::undelivered: plan.error = true; break;
    case ending::exited:
      plan.success = plan.number == 0;
      plan.exit = true;
      break;
    case ending::faulted: plan.fault = true; break;
    case ending::killed: plan.kill = true; break;
    case ending::signaled: plan.signal = true; break;
    case ending::timed_out:
      plan.timeout = true;
      plan.kill = true;
      break;
    case ending::cancelled:
    case ending::lost: break;
  }
  return plan;
}

}  // namespace isolatte::inline v0_1::detail
