//! Whole scripts in the style of published ones, rendering, and the fuzz
//! function.

mod fuzz;
mod render;
mod scripts;
