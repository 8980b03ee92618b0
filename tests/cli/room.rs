//! Room for other teams' processes: facts, parameters, and what else a message asks for.

mod facts;
