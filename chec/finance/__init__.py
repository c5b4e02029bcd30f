"""Arithmetic of money: amounts, periods, cash flows and returns. Knows no table and no request."""
