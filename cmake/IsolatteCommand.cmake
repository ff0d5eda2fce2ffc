# The command isolatte-run.

file(GLOB isolatte_command_sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/command/*.cpp")
add_executable(isolatte_run ${isolatte_command_sources})
set_target_properties(isolatte_run PROPERTIES
  OUTPUT_NAME isolatte-run RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/command")
isolatte_compile_settings(isolatte_run)
target_link_libraries(isolatte_run PRIVATE isolatte::isolatte Boost::program_options)

install(TARGETS isolatte_run
  RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}" COMPONENT isolatte_command)
install(FILES "${PROJECT_SOURCE_DIR}/command/isolatte-run.1"
  DESTINATION "${CMAKE_INSTALL_MANDIR}/man1" COMPONENT isolatte_command)
install(FILES "${PROJECT_SOURCE_DIR}/command/completion.bash"
  DESTINATION "${CMAKE_INSTALL_DATADIR}/bash-completion/completions" RENAME isolatte-run
  COMPONENT isolatte_command)

if(isolatte_testing)
  add_test(NAME command.isolatte-run
    COMMAND bash "${PROJECT_SOURCE_DIR}/command/test.sh" $<TARGET_FILE:isolatte_run>)
  set_tests_properties(command.isolatte-run PROPERTIES
    TIMEOUT ${ISOLATTE_TEST_TIMEOUT} LABELS command ENVIRONMENT "${isolatte_test_environment}")
  find_program(ISOLATTE_PYTHON NAMES python3)
  mark_as_advanced(ISOLATTE_PYTHON)
  if(ISOLATTE_PYTHON)
    add_test(NAME command.on_terminal
      COMMAND "${ISOLATTE_PYTHON}" -B "${PROJECT_SOURCE_DIR}/command/on_terminal.py"
        $<TARGET_FILE:isolatte_run>)
    set_tests_properties(command.on_terminal PROPERTIES
      TIMEOUT ${ISOLATTE_TEST_TIMEOUT} LABELS command ENVIRONMENT "${isolatte_test_environment}")
  endif()
endif()
