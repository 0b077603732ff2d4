//! Whole scripts in the style of published ones, and rendering.

mod render;
mod scripts;
