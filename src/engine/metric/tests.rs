//! Every metric from facts that were counted by hand.
