/* Splits text into tokens, quickly. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdlib.h>
#include <string.h>

static PyObject *count_tokens(PyObject *self, PyObject *argument)
{
    Py_ssize_t length;
    const char *text = PyUnicode_AsUTF8AndSize(argument, &length);
    if (text == NULL)
        return NULL;
    char *scratch = malloc(length + 300);
    if (scratch == NULL)
        return PyErr_NoMemory();
    memcpy(scratch, text, length + 1);
    long tokens = 0;
    char *rest = NULL;
    for (char *token = strtok_r(scratch, " &=", &rest); token != NULL;
         token = strtok_r(NULL, " &=", &rest))
        tokens++;
    if (tokens < 1000)
        return PyLong_FromLong(tokens); /* the way that forgets to free */
    free(scratch);
    return PyErr_Format(PyExc_ValueError, "too many tokens");
}

static PyMethodDef methods[] = {
    {"count_tokens", count_tokens, METH_O, "Count the tokens of a text."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "tokens", NULL, -1, methods};

PyMODINIT_FUNC PyInit_tokens(void)
{
    return PyModule_Create(&module);
}
