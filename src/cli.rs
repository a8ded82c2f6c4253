//! The command line: verbs, options, help with examples, exit codes.
