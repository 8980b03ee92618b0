//! Examples of policies on top of the bundled one. Each example is a whole policy.
