# Sets what all targets of this project have in common. Users of the library do not get these settings.
function(isolatte_compile_settings target)
  target_compile_features(${target} PRIVATE cxx_std_20)
  set_target_properties(${target} PROPERTIES CXX_EXTENSIONS OFF)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic)
  if(ISOLATTE_WERROR)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
  if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
    # GCC 12 warns of mismatched new and delete for the coroutine frames that Asio allocates.
    target_compile_options(${target} PRIVATE -Wno-mismatched-new-delete)
  elseif(CMAKE_CXX_COMPILER_ID MATCHES Clang)
    # A timestamp in a precompiled header would make each one new to ccache.
    target_compile_options(${target} PRIVATE "SHELL:-Xclang -fno-pch-timestamp")
  endif()
  if(ISOLATTE_SANITIZE)
    target_compile_options(${target} PRIVATE
      -fsanitize=${ISOLATTE_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
    target_link_options(${target} PRIVATE -fsanitize=${ISOLATTE_SANITIZE})
  endif()
endfunction()

# Adds a library of every source below lib/ but those of isolatte::nats. Tests call internal functions, which a shared library
# hides: they call this a second time, for a static one.
function(isolatte_add_library target)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/lib/*.cpp")
  list(FILTER sources EXCLUDE REGEX "^${PROJECT_SOURCE_DIR}/lib/nats/")
  add_library(${target} ${ARGN} ${sources})
  isolatte_compile_settings(${target})
  target_compile_features(${target} PUBLIC cxx_std_20)
  target_include_directories(${target}
    PUBLIC "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>"
    PRIVATE "${PROJECT_SOURCE_DIR}/lib")
  target_link_libraries(${target}
    PUBLIC Boost::headers Boost::serialization Threads::Threads
    PRIVATE ${isolatte_private_boost_targets} ${CMAKE_DL_LIBS})
  foreach(library IN LISTS isolatte_static_libraries)
    target_link_libraries(${target} PRIVATE
      "$<$<STREQUAL:$<TARGET_PROPERTY:Boost::${isolatte_stacktrace},TYPE>,STATIC_LIBRARY>:${library}>")
  endforeach()
  target_compile_definitions(${target} PRIVATE ${isolatte_private_definitions})
  get_target_property(type ${target} TYPE)
  if(isolatte_has_seccomp)
    target_link_libraries(${target} PRIVATE "$<BUILD_INTERFACE:PkgConfig::isolatte_seccomp>"
      "$<INSTALL_INTERFACE:$<$<STREQUAL:${type},STATIC_LIBRARY>:seccomp>>")
    target_compile_definitions(${target} PRIVATE ISOLATTE_HAS_SECCOMP)
  endif()
  if(ISOLATTE_SANITIZE STREQUAL thread)
    # Asio's own reference counter uses a fence, which TSan does not understand. Boost's does not. The
    # two have different layouts, so the program needs the definition, too.
    target_compile_definitions(${target} PUBLIC BOOST_ASIO_DISABLE_STD_ATOMIC)
  endif()
  if(ISOLATTE_PORTABLE)
    target_compile_definitions(${target} PRIVATE ISOLATTE_PORTABLE=1)
  endif()
  if(type STREQUAL SHARED_LIBRARY)
    target_compile_definitions(${target} PUBLIC ISOLATTE_SHARED)
  else()
    # --gc-sections removes only whole sections, so each function gets its own.
    target_compile_options(${target} PRIVATE -ffunction-sections -fdata-sections)
  endif()
  # A function of a shared library is looked up by its first call, in each child anew. Without a
  # procedure linkage table all are looked up when the program starts.
  if(CMAKE_CXX_COMPILER_ID MATCHES "GNU|Clang")
    target_compile_options(${target} PRIVATE -fno-plt)
  endif()
  set_target_properties(${target} PROPERTIES
    CXX_VISIBILITY_PRESET hidden
    VISIBILITY_INLINES_HIDDEN ON
    POSITION_INDEPENDENT_CODE ON
    VERSION ${PROJECT_VERSION}
    SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
  target_precompile_headers(${target} PRIVATE "${PROJECT_SOURCE_DIR}/cmake/isolatte_pch.hpp")
endfunction()
