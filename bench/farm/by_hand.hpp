// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_BENCH_FARM_BY_HAND_HPP
#define ISOLATTE_BENCH_FARM_BY_HAND_HPP

#include <string>

namespace by_hand {

/// The time of a farm's job if two programs do no more than exchange its messages, each with one
/// thread, a socket, and system calls that block: a message is stored, handed to the other program,
/// answered, stored and handed back; each is acknowledged.
/// @param port of a nats-server on this machine, without users
/// @return the mean time of one in microseconds
double exchange_one_at_a_time(int port, int count);

}  // namespace by_hand

#endif
