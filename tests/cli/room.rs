//! Room for other teams' processes: facts, parameters, and what else a message asks for.

#[cfg(not(policy_given))]
mod component;
#[cfg(not(policy_given))]
mod examples;
mod facts;
