# Copyright (c) 2026 The isolatte authors
# Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)
#
# Rows of Ruby's fork: an int through a pipe, as in bench/by_hand.cpp.
# usage: ruby.rb [REGEX]    measures the rows whose names match

JOBS = 100

def one
  reader, writer = IO.pipe
  pid = fork do
    reader.close
    writer.write([42].pack("l"))
    writer.close
    exit!(0)
  end
  writer.close
  raise "no int" unless reader.read.unpack1("l") == 42
  reader.close
  Process.wait(pid)
end

if "ruby/int".match?(Regexp.new(ARGV.fetch(0, "")))
  10.times { one }
  began = Process.clock_gettime(Process::CLOCK_MONOTONIC)
  JOBS.times { one }
  ended = Process.clock_gettime(Process::CLOCK_MONOTONIC)
  puts "ruby/int #{(ended - began) / JOBS * 1e6}"
end
