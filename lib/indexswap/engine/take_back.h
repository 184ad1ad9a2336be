// What a swap did to the aliases, told from the table as it is afterwards; and the way back from
// one that somebody else's change has met. Pure.
//
// A server without `must_exist` carries out a swap although somebody has moved one of its aliases
// just before: the alias then points at their index and at ours. And on every server somebody may
// add an index to an alias before the swap, or move an alias behind it.
#ifndef INDEXSWAP_ENGINE_TAKE_BACK_H_
#define INDEXSWAP_ENGINE_TAKE_BACK_H_

#include <indexswap/alias.h>

#include "indexswap/engine/view.h"

namespace indexswap {

// Whether the request of `swap`, which is over, has been carried out.
bool HasHappened(const SwapActions& swap, const AliasTable& now);

// Whether a swap can be taken back: not one that has deleted an index.
bool CanBeTakenBack(const SwapActions& swap);

// The swap back: each alias that is as `swap` has set it goes to where it was before. One that is
// not was set by somebody else; it keeps what they gave it, and loses what `swap` did.
SwapActions PlanTakeBack(const SwapActions& swap, const AliasTable& now);

}  // namespace indexswap

#endif  // INDEXSWAP_ENGINE_TAKE_BACK_H_
