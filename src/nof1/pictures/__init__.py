"""Charts and pages: plain tables and dictionaries in, pictures and single-file HTML out.

``model_charts``, ``quality_charts`` and ``patient_charts`` make a ``Picture`` each;
``pages.render(kind, data)`` makes a page that opens offline and sends no request.
"""
