/* Myriad: a batch sampler. Includes the whole public interface. */
#ifndef MYRIAD_MYRIAD_H
#define MYRIAD_MYRIAD_H

#include "myriad/api.h"
#include "myriad/atomic_file.h"
#include "myriad/compute.h"
#include "myriad/context.h"
#include "myriad/fit.h"
#include "myriad/linear.h"
#include "myriad/plan.h"
#include "myriad/policy.h"
#include "myriad/preference.h"
#include "myriad/random.h"
#include "myriad/range.h"
#include "myriad/rankings.h"
#include "myriad/report.h"
#include "myriad/rlvr.h"
#include "myriad/run.h"
#include "myriad/samples.h"
#include "myriad/statistics.h"
#include "myriad/status.h"
#include "myriad/table.h"
#include "myriad/target.h"
#include "myriad/tokens.h"
#include "myriad/verify.h"

#endif
