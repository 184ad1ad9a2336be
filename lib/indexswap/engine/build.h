// A build under way: documents go in, a sealed and judged generation comes out.
#ifndef INDEXSWAP_ENGINE_BUILD_H_
#define INDEXSWAP_ENGINE_BUILD_H_

#include <indexswap/engine.h>

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "indexswap/engine/bulk_writer.h"
#include "indexswap/engine/core.h"
#include "indexswap/engine/digest.h"

namespace indexswap {

// The build of `meta`'s generation, whose indexes exist. `core` is not owned. `resumed`: they may
// hold documents already, of a load that was cut off; those that are not put again are deleted.
std::unique_ptr<Build> MakeBuild(Core& core, GenerationMeta meta, bool resumed);

}  // namespace indexswap

#endif  // INDEXSWAP_ENGINE_BUILD_H_
