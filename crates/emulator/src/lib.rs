//! Azure machine-learning data services as one local process that speaks the real protocols
