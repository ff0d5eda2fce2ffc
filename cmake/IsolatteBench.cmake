# A program of its own, without Google Benchmark: its processes are hosts of a farm, too.
if(isolatte_build_nats)
  add_executable(isolatte_bench_farm
    "${PROJECT_SOURCE_DIR}/bench/farm/by_hand.cpp" "${PROJECT_SOURCE_DIR}/bench/farm/main.cpp")
  isolatte_compile_settings(isolatte_bench_farm)
  target_link_libraries(isolatte_bench_farm PRIVATE isolatte::nats)
  target_link_options(isolatte_bench_farm PRIVATE LINKER:--build-id)
endif()

find_package(benchmark QUIET CONFIG)
if(NOT benchmark_FOUND)
  message(WARNING "Google Benchmark was not found: there will be no benchmarks")
  return()
endif()
file(GLOB sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/bench/*.cpp")
add_executable(isolatte_bench ${sources})
isolatte_compile_settings(isolatte_bench)
target_link_libraries(isolatte_bench PRIVATE isolatte::isolatte benchmark::benchmark)
# One of the peers. Compiled in later releases of Boost, header-only in older ones.
if(TARGET Boost::process)
  target_link_libraries(isolatte_bench PRIVATE Boost::process)
endif()
