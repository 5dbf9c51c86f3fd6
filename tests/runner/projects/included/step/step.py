from shared.greeting import GREETING

print(GREETING)
