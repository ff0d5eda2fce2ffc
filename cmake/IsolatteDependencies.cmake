find_package(Threads REQUIRED)
find_package(Boost 1.81 REQUIRED CONFIG COMPONENTS serialization)

# How a fault's addresses become names, best first. The choice is private to the library.
foreach(backend IN ITEMS stacktrace_backtrace stacktrace_addr2line stacktrace_basic)
  find_package(boost_${backend} ${Boost_VERSION} EXACT QUIET CONFIG)
  if(TARGET Boost::${backend})
    set(isolatte_stacktrace ${backend})
    break()
  endif()
endforeach()
if(NOT isolatte_stacktrace)
  message(FATAL_ERROR "isolatte needs a compiled Boost.Stacktrace library, "
    "boost_stacktrace_backtrace best of all")
endif()

# Boost.Process is header-only in older releases, and compiled in later ones, which some distributions
# leave out: the library can do without. Private as well.
find_package(boost_process ${Boost_VERSION} EXACT QUIET CONFIG)
set(isolatte_private_boost ${isolatte_stacktrace})
set(isolatte_private_definitions "")
if(TARGET Boost::process)
  list(APPEND isolatte_private_boost process)
else()
  get_target_property(isolatte_boost_include Boost::headers INTERFACE_INCLUDE_DIRECTORIES)
  find_file(ISOLATTE_PROCESS_SOURCE boost/process/v2/src.hpp
    PATHS ${isolatte_boost_include} NO_DEFAULT_PATH)
  mark_as_advanced(ISOLATTE_PROCESS_SOURCE)
  if(NOT ISOLATTE_PROCESS_SOURCE)
    list(APPEND isolatte_private_definitions ISOLATTE_NO_BOOST_PROCESS)
  endif()
endif()
list(TRANSFORM isolatte_private_boost PREPEND Boost:: OUTPUT_VARIABLE isolatte_private_boost_targets)
