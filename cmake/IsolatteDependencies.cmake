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
