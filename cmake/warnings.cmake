# The flags that all of the project's own C is compiled with.
set(MYRIAD_C_FLAGS -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes -Wmissing-prototypes
                   -ffp-contract=off)
if(MYRIAD_WERROR)
  list(APPEND MYRIAD_C_FLAGS -Werror)
endif()
set(MYRIAD_SANITIZE_FLAGS "")
if(MYRIAD_SANITIZE)
  set(MYRIAD_SANITIZE_FLAGS -fsanitize=${MYRIAD_SANITIZE} -fno-omit-frame-pointer
                            -fno-sanitize-recover=all)
endif()

# Threads may have stacks of 64 KB: large arrays lie elsewhere. (Sanitizers' frames are larger.)
function(myriad_small_frames target)
  if(NOT MYRIAD_SANITIZE)
    target_compile_options(${target} PRIVATE $<$<COMPILE_LANGUAGE:C>:-Wframe-larger-than=40000>)
  endif()
endfunction()

function(myriad_warnings target)
  target_compile_options(${target} PRIVATE
    "$<$<COMPILE_LANGUAGE:C>:${MYRIAD_C_FLAGS};${MYRIAD_SANITIZE_FLAGS}>")
  target_link_options(${target} PRIVATE ${MYRIAD_SANITIZE_FLAGS})
endfunction()
