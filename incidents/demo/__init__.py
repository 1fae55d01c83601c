"""The demo: two workflows on real and generated data, and some history made by the real verbs.

`german_credit.csv` is the Statlog (German Credit Data) set: H. Hofmann, UCI Machine Learning
Repository, CC BY 4.0. 1,000 real applicants with the result that was recorded for each.
"""
