//! Events from files and stdin in the order that the contract gives them: nearly sorted input in one pass, else an external sort.
