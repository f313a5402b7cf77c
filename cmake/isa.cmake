# Hot loops, compiled once for each instruction set; the machine chooses at run time.
set(MYRIAD_ISAS baseline)
set(isa_flags_baseline "")
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  list(APPEND MYRIAD_ISAS avx2 avx512)
endif()
set(isa_flags_avx2 -mavx2 -mfma)
set(isa_flags_avx512 -mavx512f -mavx512dq -mavx512bw -mavx512vl -mavx2 -mfma -mprefer-vector-width=512)
# Without errno and traps to mind, square roots and selects vectorise; no value changes.
set(isa_common_flags -fno-math-errno -fno-trapping-math -fopenmp-simd)
# Without fused multiply-adds every one is fifteen operations (kernels/port.h): at -O3 such bodies take compilers
# minutes; and sanitized loops do not vectorise, but to try takes minutes too. gcc makes vectors of the loops marked
# simd at -O1 as well. clang does, and wrongly: an array that belongs to a lane and is not yet in registers is one
# for all lanes then. So at -O1 it is not to heed the mark.
if(MYRIAD_SANITIZE)
  list(APPEND isa_common_flags -O1 "$<$<C_COMPILER_ID:Clang>:-fno-openmp-simd;-Wno-pass-failed>")
else()
  list(APPEND isa_common_flags -O3)
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
    set(isa_flags_baseline $<IF:$<C_COMPILER_ID:Clang>,-O2,-O1>)
  endif()
endif()

# myriad_isa_objects(PREFIX SOURCE RESULT): an object library PREFIX_ISA of the source for each instruction
# set, compiled with MYR_ISA defined as its name; their names are appended to the list RESULT.
function(myriad_isa_objects prefix source result)
  set(targets ${${result}})
  if(MYRIAD_FUZZ)
    # Hot loops parse no bytes, and clang takes ten minutes to instrument them. A source's options come last.
    set_source_files_properties(${source} PROPERTIES COMPILE_OPTIONS -fno-sanitize=all)
  endif()
  foreach(isa IN LISTS MYRIAD_ISAS)
    add_library(${prefix}_${isa} OBJECT ${source})
    target_compile_options(${prefix}_${isa} PRIVATE ${isa_common_flags} ${isa_flags_${isa}})
    target_compile_definitions(${prefix}_${isa} PRIVATE MYR_ISA=${isa})
    list(APPEND targets ${prefix}_${isa})
  endforeach()
  set(${result} ${targets} PARENT_SCOPE)
endfunction()
