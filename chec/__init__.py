"""CHEC, the portfolio manager for Community Health Enterprise Centres.

**models** are the things, **rules** decide, **actions** change, **queries** read, **web** shows.

finance, evidence   arithmetic of money and of outcomes; pure
models              tables, one file per noun
rules               decisions, one file per policy; `ls chec/rules` is the policy manual
actions             changes, one file per noun
queries             reads; every list takes the viewer
jobs                what runs by itself, and the worker that runs it
backups             backups of the database, and putting one back
charts              chart specifications as data, and their rendering
web                 pages, one blueprint per noun
"""
