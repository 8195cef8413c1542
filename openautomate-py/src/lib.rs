//! The native half of the Python module: the bridge between an automation and its agent.

use pyo3::prelude::*;

/// Runs the automation that the agent at the other end of `channel` names; returns the exit code.
#[pyfunction]
fn run(py: Python<'_>, channel: &str, search_in: &Bound<'_, PyAny>) -> PyResult<i32> {
    openautomate_core::runner::python::bridge::run(py, channel, search_in)
}

#[pymodule]
fn _openautomate(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(run, module)?)
}
