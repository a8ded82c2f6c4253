//! The glass: `render(frame, &View)` looks, `update` changes view state, an `Intent` is what the operator asks of the live.
