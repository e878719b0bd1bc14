"""What the counts will be when every report is in: reporting triangle, delays, trend, intervals.

``triangle`` lays the reports out; ``reporting`` names days on which reporting stopped or failed;
``delays`` says what share has come in by now; ``trend`` says what the days around suggest;
``views`` holds both for every past day; ``errors`` learns from past nowcasts how to mix the two
and how far to trust the result; ``sampling`` draws; ``estimate`` puts it together.
"""
