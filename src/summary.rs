//! The summary: one JSON object with the figures on the glass.
