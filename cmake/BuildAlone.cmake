# usage: cmake -DBUILD=FOLDER -DTARGET=NAME -P BuildAlone.cmake
# Builds a target, as the test check.headers does. The lock makes a second run of ctest in the folder
# wait, because two build tools at once would write the same files.
file(LOCK "${BUILD}/${TARGET}.lock" GUARD PROCESS TIMEOUT 600)
execute_process(COMMAND "${CMAKE_COMMAND}" --build "${BUILD}" --target ${TARGET} -j 2
  RESULT_VARIABLE result)
if(NOT result EQUAL 0)
  message(FATAL_ERROR "${TARGET} does not build")
endif()
