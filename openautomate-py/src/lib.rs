//! The native half of the Python module: the bridge between an automation and its agent.

use pyo3::prelude::*;

/// Runs the automation that the agent at the other end of `channel` names; returns the exit code.
#[pyfunction]
fn run(py: Python<'_>, channel: &str, search_in: &Bound<'_, PyAny>) -> PyResult<i32> {
    openautomate_core::runner::python::bridge::run(py, channel, search_in)
}

/// Makes this process a zygote.
#[cfg(target_os = "linux")]
#[pyfunction]
fn become_zygote() -> PyResult<()> {
    openautomate_core::runner::python::bridge::become_zygote()
}

/// Makes a process that a zygote has just forked the process of a run.
#[cfg(target_os = "linux")]
#[pyfunction]
fn become_run(zygote: i32, stdout: i32, stderr: i32, channel: i32) -> PyResult<()> {
    openautomate_core::runner::python::bridge::become_run(zygote, stdout, stderr, channel)
}

/// Has what the children of this process allocate lie side by side.
#[cfg(target_os = "linux")]
#[pyfunction]
fn fill_holes() {
    openautomate_core::runner::python::bridge::fill_holes();
}

/// Ends the process.
#[pyfunction]
fn leave(code: i32, is_plain: bool) {
    openautomate_core::runner::python::bridge::leave(code, is_plain);
}

#[pymodule]
fn _openautomate(module: &Bound<'_, PyModule>) -> PyResult<()> {
    #[cfg(target_os = "linux")]
    {
        module.add_function(wrap_pyfunction!(become_run, module)?)?;
        module.add_function(wrap_pyfunction!(become_zygote, module)?)?;
        module.add_function(wrap_pyfunction!(fill_holes, module)?)?;
    }
    module.add_function(wrap_pyfunction!(leave, module)?)?;
    module.add_function(wrap_pyfunction!(run, module)?)
}
