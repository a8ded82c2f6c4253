//! Files and environment: what a file may say (raw) becomes what the desk works by (resolved); all errors at once.
